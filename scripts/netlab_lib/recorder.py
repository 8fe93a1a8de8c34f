"""A rendezvous server that writes down everything its process receives, and what may be in it.

The recorder stands in front of the real server as a proxy does that ends TLS: it sees each byte that the
server sees, passes it on, and keeps it. It answers STUN itself, and keeps that too.
"""

import base64
import dataclasses
import re
import select
import socket
import struct
import threading
import time
import zlib

from . import reflector
from .ends import Failure
from .world import SERVERS, socket_in

PLACE = (SERVERS[0], 7440)
REAL_SERVER = ("127.0.0.1", 7441)
STUN_PORT = 3478
BOX = 4096
HEADERS = {"host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version"}
WORK, SUBSCRIBE, PUT, OPEN, CLAIM, PASS, CLOSE = range(1, 8)


@dataclasses.dataclass
class Visit:
    """One connection: who came, when, and what was said."""

    address: str
    begun: float
    request: bytes = b""
    messages: list = dataclasses.field(default_factory=list)
    left: bytes = b""

    def ids(self):
        """The mailboxes named, subscribed and put alike."""
        return {name for kind, names, _ in self.parsed() for name in names}

    def subscriptions(self):
        return [frozenset(names) for kind, names, _ in self.parsed() if kind == SUBSCRIBE]

    def parsed(self):
        return [parse(message) for message in self.messages]


def parse(message):
    """(type, ids, boxes) of a client's message; fails on everything that PROTOCOL §10.3 does not have."""
    kind, body = message[0], message[1:]
    if kind == SUBSCRIBE and len(body) == 1 + 16 * body[0]:
        return kind, [body[at:at + 16] for at in range(1, len(body), 16)], []
    if kind == PUT and len(body) == 16 + BOX:
        return kind, [body[:16]], [body[16:]]
    if kind in (OPEN, PASS) and len(body) == 4 + BOX:
        return kind, [], [body[4:]]
    if (kind, len(body)) in ((WORK, 8), (CLAIM, 12), (CLOSE, 5)):
        return kind, [], []
    raise Failure(f"the server received what no message is: type {kind}, {len(message)} bytes")


class Frames:
    """Takes a client's WebSocket bytes apart (RFC 6455 §5.2)."""

    def __init__(self):
        self.waiting = b""
        self.whole = b""

    def feed(self, data):
        self.waiting += data
        while len(self.waiting) >= 6:
            first, second = self.waiting[:2]
            length, at = second & 0x7F, 2
            if length == 126:
                length, at = struct.unpack_from("!H", self.waiting, 2)[0], 4
            elif length == 127:
                raise Failure("a frame with a length of eight bytes")
            if not second & 0x80:
                raise Failure("a client's frame that is not masked")
            if len(self.waiting) < at + 4 + length:
                return
            mask = self.waiting[at:at + 4]
            payload = bytes(byte ^ mask[index % 4] for index, byte in
                            enumerate(self.waiting[at + 4:at + 4 + length]))
            self.waiting = self.waiting[at + 4 + length:]
            kind = first & 0x0F
            if kind in (0, 2):
                self.whole += payload
                if first & 0x80:
                    yield self.whole
                    self.whole = b""
            elif kind not in (8, 9, 10):
                raise Failure(f"a WebSocket frame of type {kind}")


class Recorder:
    """Runs while its `with` statement does."""

    def __enter__(self):
        self.visits, self.questions, self.problems = [], [], []
        self.pairs = {}
        self.guard = threading.Lock()
        self.listener = socket_in("server", socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(PLACE)
        self.listener.listen()
        self.stun = []
        for address in SERVERS:
            place = socket_in("server", socket.AF_INET)
            place.bind((address, STUN_PORT))
            self.stun.append(place)
        self.is_over = False
        self.threads = [threading.Thread(target=self._accept, daemon=True),
                        threading.Thread(target=self._answer, daemon=True)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.drop()
        self.listener.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(2)
        for opened in (self.listener, *self.stun):
            opened.close()

    @property
    def address(self):
        return f"ws://{PLACE[0]}:{PLACE[1]}"

    def drop(self):
        """Hangs up on everybody, as a server that crashed."""
        with self.guard:
            for pair in list(self.pairs):
                for end in pair:
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass

    def wait_for(self, what, fits, seconds=30):
        """The first visit that fits; new ones come while it waits."""
        deadline = time.monotonic() + seconds
        while True:
            if self.problems:
                raise Failure(str(self.problems[0]))
            for visit in list(self.visits):
                if fits(visit):
                    return visit
            if time.monotonic() > deadline:
                raise Failure(f"{what}: not in {seconds} s")
            time.sleep(0.05)

    # The proxy

    def _accept(self):
        while not self.is_over:
            try:
                client, source = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, source[0]), daemon=True).start()

    def _serve(self, client, address):
        visit = Visit(address, time.time())
        server = socket_in("server", socket.AF_INET, socket.SOCK_STREAM)
        pair = (client, server)
        with self.guard:
            self.pairs[pair] = visit
        try:
            with client, server:
                server.connect(REAL_SERVER)
                if self._take_request(client, server, visit):
                    self.visits.append(visit)
                    self._relay(client, server, visit)
        except OSError:
            pass  # one of the two hung up
        except Failure as problem:
            self.problems.append(problem)
        finally:
            with self.guard:
                del self.pairs[pair]

    def _take_request(self, client, server, visit):
        while b"\r\n\r\n" not in visit.request:
            data = client.recv(4096)
            if not data:
                return False
            visit.request += data
        head, rest = visit.request.split(b"\r\n\r\n", 1)
        visit.request, visit.left = head, rest
        forwarded = f"\r\nX-Forwarded-For: {visit.address}\r\n\r\n".encode()
        server.sendall(head + forwarded + rest)
        return True

    def _relay(self, client, server, visit):
        frames = Frames()
        visit.messages += frames.feed(visit.left)
        while True:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                if ready is client:
                    visit.messages += frames.feed(data)
                (server if ready is client else client).sendall(data)

    def _answer(self):
        while not self.is_over:
            for place in select.select(self.stun, [], [], 0.2)[0]:
                message, source = place.recvfrom(2048)
                self.questions.append((source, message))
                if reflector.attributes(message) is not None:
                    place.sendto(reflector.response(message[8:20], source), source)


# What may be in it

def check_request(visit):
    lines = visit.request.decode("ascii").split("\r\n")
    if lines[0] != "GET /v1 HTTP/1.1":
        raise Failure(f"an unexpected request: {lines[0]}")
    headers = {name.lower(): value.strip() for name, value in
               (line.split(":", 1) for line in lines[1:])}
    if set(headers) - HEADERS:
        raise Failure(f"headers that tell more than they must: {set(headers) - HEADERS}")
    if len(base64.b64decode(headers["sec-websocket-key"])) != 16:
        raise Failure("a WebSocket key of another size")


def check_stun(message):
    """A header with a random id, and nothing but a fingerprint behind it."""
    found = reflector.attributes(message)
    if found is None or set(found) - {0x8028} or len(message) > 28:
        raise Failure(f"a STUN request that tells more than it must: {message.hex()}")


def looks_random(data):
    """Whether nothing shorter tells the same; for boxes and long runs of ids."""
    return len(zlib.compress(data, 9)) >= len(data)


def check_box(kind, box):
    if kind in (OPEN, PASS) and box[0] in (1, 2) and not any(box[129:]):
        return  # shares of a key agreement (§10.4), random by nature and padded with zeros
    if not looks_random(box):
        raise Failure("a box that is not random: something in it is not sealed")


def check(recorder, needles):
    """Everything that was received is addresses, times, random ids and boxes of one size.

    `needles` is {name: bytes} of what must not be there. Gives the counts that were seen.
    """
    boxes, ids = [], set()
    for visit in recorder.visits:
        check_request(visit)
        for kind, names, found in visit.parsed():
            ids.update(names)
            boxes += found
            for box in found:
                check_box(kind, box)
            if kind == SUBSCRIBE and (len(names) % 32 or names != sorted(names)):
                raise Failure(f"a subscription of {len(names)} names, or in an order that tells")
    for _, message in recorder.questions:
        check_stun(message)
    if len(boxes) != len(set(boxes)):
        raise Failure("a box was sent twice")
    joined = b"".join(sorted(ids))
    ones = sum(byte.bit_count() for byte in joined)
    # Eight standard deviations of a fair coin: never by chance, always where a part is constant.
    if abs(ones - 4 * len(joined)) > 8 * (2 * len(joined)) ** 0.5:
        raise Failure("the ids are not random")
    received = [visit.request + b"".join(visit.messages) for visit in recorder.visits]
    received += [message for _, message in recorder.questions]
    for name, needle in needles.items():
        for data in received:
            if needle in data or needle in re.sub(rb"\s", b"", data):
                raise Failure(f"the server received {name} in clear")
    return {"visits": len(recorder.visits), "ids": len(ids), "boxes": len(boxes),
            "stun": len(recorder.questions)}
