"""Attacks of a sender with a harmless listing (PROTOCOL sections 4, 6 and 7)."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice

from sealift_peer import frames as fr
from sealift_peer import messages as ms
from sealift_peer.connection import Lost
from sealift_peer.content import FILE, piece_count
from sealift_peer.device import Device
from sealift_peer.dial import open_socket, receive_one
from sealift_peer.handshake import MESSAGE_3, Doorman, ResponderHandshake
from sealift_peer.noise import NoiseHandshake
from sealift_peer.reassembly import CONTROL_WINDOW
from sealift_peer.sender import Sender
from sealift_peer.session import Closed, Session
from sealift_peer.wire import u8, varint

from .catalogue import Catalogue, Unexpected, expect_close
from .door import PIECE, OpenDoor
from .on_handshake import BAD_X25519
from .on_transport import Raw

MEMORY_LIMIT = 48 * 1024 * 1024

Attack = Callable[[OpenDoor], None]


def register(catalogue: Catalogue) -> None:
    for name, (note, codes, kind) in LIES.items():
        catalogue.attack(name, note)(_serving(kind, *codes))
    for name, (note, function) in ATTACKS.items():
        catalogue.attack(name, note)(function)


def _serving(kind: type[Sender], *codes: int) -> Attack:
    return lambda door: door.serve_expecting(kind, *codes)


# Lies in what is stated.


def _offer_lie(**changes) -> type[Sender]:
    class Lie(Sender):
        def offer(self) -> ms.Offer:
            honest = super().offer()
            return replace(honest, **{
                name: change(getattr(honest, name)) if callable(change) else change
                for name, change in changes.items()
            })

    return Lie


class ForgedPiece(Sender):
    """The bytes are not those of the hash in front of them."""

    def piece_object(self, file: int, piece: int) -> bytes:
        data = super().piece_object(file, piece)
        return data if file == 0 else data[:-1] + bytes([data[-1] ^ 1])


class ForgedListingPiece(Sender):
    def piece_object(self, file: int, piece: int) -> bytes:
        data = super().piece_object(file, piece)
        return data[:-1] + bytes([data[-1] ^ 1]) if file == 0 else data


class ForgedRoot(Sender):
    def file_root(self, file: int) -> bytes:
        return bytes(range(32))


class ForgedManifest(Sender):
    def confirm(self, root: bytes) -> bytes:
        return bytes(range(32))

    def _take_complete(self, root: bytes, files: int, total: int) -> None:
        self.connection.send_message(ms.CONFIRM, self.confirm(root))


class _Speaking(Sender):
    """Says something more once the receiver's claim is answered."""

    def extra(self) -> bytes:
        raise NotImplementedError

    def take_message(self, kind: int, body: bytes) -> None:
        super().take_message(kind, body)
        if kind == ms.CLAIM:
            self.connection.send_control_bytes(self.extra())


def _saying(*messages: bytes) -> type[Sender]:
    """Says them, and serves no file after that: the receiver cannot be done before it hears them."""

    class Saying(_Speaking):
        def extra(self) -> bytes:
            return b"".join(messages)

        def send_piece(self, object_id: int, file: int, piece: int) -> None:
            if file == 0:
                super().send_piece(object_id, file, piece)

    return Saying


class _SpeakingOnRequest(Sender):
    """Answers the first request for a file's pieces with a message of its own."""

    has_spoken = False

    def send_piece(self, object_id: int, file: int, piece: int) -> None:
        if file and not self.has_spoken:
            self.has_spoken = True
            self.speak(object_id, file, piece)
        else:
            super().send_piece(object_id, file, piece)

    def speak(self, object_id: int, file: int, piece: int) -> None:
        raise NotImplementedError


class Overrun(_SpeakingOnRequest):
    """One byte past the object's end."""

    def speak(self, object_id: int, file: int, piece: int) -> None:
        length = len(self.piece_object(file, piece))
        self.connection.send_frame(fr.ObjectData(object_id, length, b"x"))


class FarOverrun(_SpeakingOnRequest):
    def speak(self, object_id: int, file: int, piece: int) -> None:
        self.connection.send_frame(fr.ObjectData(object_id, 2**62 - 1, b"x"))


class NeverRequested(_SpeakingOnRequest):
    def speak(self, object_id: int, file: int, piece: int) -> None:
        self.connection.send_frame(fr.ObjectData(self.next_object + 1_000_000, 0, b"x"))


class ZeroNeverRequested(_SpeakingOnRequest):
    def speak(self, object_id: int, file: int, piece: int) -> None:
        body = varint(self.next_object) + varint(2**62 - 1)
        self.connection.send_message(ms.ZERO, body)


class ZeroForListing(Sender):
    def send_piece(self, object_id: int, file: int, piece: int) -> None:
        self.connection.send_message(ms.ZERO, varint(object_id) + varint(1))


class ZeroForPartialPiece(Sender):
    """The short piece at a file's end is declared to be zeros: only whole pieces may be."""

    def send_piece(self, object_id: int, file: int, piece: int) -> None:
        if file:
            entry = self.source.entries[file - 1]
            if piece == piece_count(entry.size) - 1 and entry.size % PIECE:
                self.connection.send_message(ms.ZERO, varint(object_id) + varint(1))
                return
        super().send_piece(object_id, file, piece)


class FailedTwice(_SpeakingOnRequest):
    """A file fails, and its objects come all the same: they are ignored."""

    def speak(self, object_id: int, file: int, piece: int) -> None:
        self.connection.send_message(ms.FILE_FAILED, varint(file) + u8(ms.CHANGED))
        self.skipped.add(file)
        self.connection.send_object(object_id, self.piece_object(file, piece))


class Unclaimed(Sender):
    """Answers a claim with nothing but more of its own."""

    has_offered_again = False

    def take_message(self, kind: int, body: bytes) -> None:
        if kind == ms.CLAIM:
            self.connection.send_message(ms.OFFER, self.offer().body())
            self.has_offered_again = True
        elif not self.has_offered_again:
            # What comes behind a claim need not wait for the answer (PROTOCOL section 7.1).
            super().take_message(kind, body)


_VIOLATION = (fr.VIOLATION,)
_INTEGRITY = (fr.INTEGRITY,)

LIES: dict[str, tuple[str, tuple[int, ...], type[Sender]]] = {
    "totals-entries": ("violation", _VIOLATION, _offer_lie(entries=lambda n: n + 1)),
    "totals-files": ("violation", _VIOLATION, _offer_lie(files=lambda n: n - 1)),
    "totals-bytes": ("violation", _VIOLATION, _offer_lie(total_bytes=lambda n: n + 1)),
    "totals-data-bytes": ("violation", _VIOLATION, _offer_lie(data_bytes=lambda n: n - 1)),
    "totals-beyond-bound": ("violation", _VIOLATION, _offer_lie(entries=2**32 + 1)),
    "offer-claim-value": ("violation", _VIOLATION, _offer_lie(claim=2)),
    "listing-length-beyond-bound": (
        "violation", _VIOLATION, _offer_lie(listing_length=2**40 + 1)
    ),
    "listing-length-zero": ("violation", _VIOLATION, _offer_lie(listing_length=0)),
    "listing-length-short": ("violation", _VIOLATION, _offer_lie(listing_length=3)),
    "listing-root-lies": ("violation", _VIOLATION, _offer_lie(listing_root=bytes(range(32)))),
    "listing-piece-forged": ("integrity", _INTEGRITY, ForgedListingPiece),
    "piece-forged": ("integrity", _INTEGRITY, ForgedPiece),
    "file-root-lies": ("integrity", _INTEGRITY, ForgedRoot),
    "manifest-lies": ("integrity", _INTEGRITY, ForgedManifest),
    "object-overrun": ("violation", _VIOLATION, Overrun),
    "object-far-overrun": ("violation", _VIOLATION, FarOverrun),
    "object-never-requested": ("violation", _VIOLATION, NeverRequested),
    "zero-never-requested": ("violation", _VIOLATION, ZeroNeverRequested),
    "zero-for-listing": ("violation", _VIOLATION, ZeroForListing),
    "zero-for-partial-piece": ("violation", _VIOLATION, ZeroForPartialPiece),
    "confirm-early": (
        "violation", _VIOLATION, _saying(ms.frame_message(ms.CONFIRM, bytes(32)))
    ),
    "claimed-twice": ("violation", _VIOLATION, _saying(ms.frame_message(ms.CLAIMED))),
    "offer-twice": ("violation", _VIOLATION, Unclaimed),
    "failed-unknown-file": (
        "violation", _VIOLATION,
        _saying(ms.frame_message(ms.FILE_FAILED, varint(10**9) + u8(1))),
    ),
    "failed-listing": (
        "violation", _VIOLATION, _saying(ms.frame_message(ms.FILE_FAILED, varint(0) + u8(1)))
    ),
    "failed-unknown-code": (
        "violation", _VIOLATION, _saying(ms.frame_message(ms.FILE_FAILED, varint(2) + u8(9)))
    ),
    "root-unknown-file": (
        "violation", _VIOLATION,
        _saying(ms.frame_message(ms.FILE_ROOT, varint(10**9) + bytes(32))),
    ),
    "root-of-folder": (
        "violation", _VIOLATION, _saying(ms.frame_message(ms.FILE_ROOT, varint(1) + bytes(32)))
    ),
    "message-from-receiver": (
        "violation", _VIOLATION, _saying(ms.frame_message(ms.CLAIM))
    ),
    "unknown-message": ("violation", _VIOLATION, _saying(ms.frame_message(0x7F))),
    "message-too-long": ("violation", _VIOLATION, _saying(varint(65_537))),
    "message-empty": ("violation", _VIOLATION, _saying(varint(0))),
    "message-with-extra-bytes": (
        "violation", _VIOLATION, _saying(ms.frame_message(ms.FILE_ROOT, varint(3) + bytes(33)))
    ),
}


# The handshake.


def wrong_fingerprint(door: OpenDoor) -> None:
    """A device that has the secret but not the ticket's fingerprint gets no message 3."""
    impostor = Doorman(door.secret, Device())
    deadline = time.monotonic() + 8
    answered = False
    while (left := deadline - time.monotonic()) > 0:
        came = receive_one(door.sock, min(left, 2.0) if answered else left)
        if came is None:
            if answered:
                return
            break
        if came[0][:1] == bytes([MESSAGE_3]):
            raise Unexpected("message 3 was sent to a device that is not the ticket's")
        replies, _ = impostor.receive(came[0], time.monotonic())
        answered = answered or bool(replies)
        for reply in replies:
            door.sock.sendto(reply, came[1])
    if not answered:
        raise Unexpected("nobody dialled")


def _chosen_ephemeral(value: bytes) -> Attack:
    class Noise(NoiseHandshake):
        def ephemeral_bytes(self) -> bytes:
            return value

        def dh(self, private, public: bytes) -> bytes:
            # With a point of small order the initiator gets zeros.
            return bytes(32) if private is self.ephemeral else super().dh(private, public)

    return _message_2_refused(Noise)


def _message_2_refused(noise: type[NoiseHandshake], alter=None) -> Attack:
    class Handshake(ResponderHandshake):
        noise_type = noise

    class Doorkeeper(Doorman):
        handshake_type = Handshake

    def run(door: OpenDoor) -> None:
        doorman = Doorkeeper(door.secret, door.device)
        deadline = time.monotonic() + 6
        answered = False
        while (left := deadline - time.monotonic()) > 0:
            came = receive_one(door.sock, left)
            if came is None:
                break
            if came[0][:1] == bytes([MESSAGE_3]):
                raise Unexpected("message 3 was sent in answer to a message 2 that is refused")
            replies, _ = doorman.receive(came[0], time.monotonic())
            for reply in replies:
                answered = True
                door.sock.sendto(alter(reply) if alter else reply, came[1])
        if not answered:
            raise Unexpected("nobody dialled")

    return run


def _flip(datagram: bytes) -> bytes:
    at = random.randrange(len(datagram))
    return datagram[:at] + bytes([datagram[at] ^ 1]) + datagram[at + 1 :]


def garbage_between(door: OpenDoor) -> None:
    """Strangers throw noise at the receiver's port while a correct sender serves it."""
    stranger = open_socket(door.sock.family, ("127.0.0.1", 0))
    sender = door.sender()
    step = sender.step

    def noisy_step(wait: float = 0.2) -> None:
        for kind in (0xE1, 0xE2, 0xE3, 0xE8, 0xE9, random.randrange(256)):
            noise = bytes([kind]) + os.urandom(random.choice([0, 24, 400, 769, 1_199]))
            stranger.sendto(noise, sender.connection.address)
            door.sock.sendto(noise, sender.connection.address)
        step(wait)

    sender.step = noisy_step
    sender.serve()


# The transport.


def _sending(*payloads: bytes) -> Attack:
    """An authenticated sender's first packet after its offer holds these bytes as frames."""

    def run(door: OpenDoor) -> None:
        sender = door.sender()
        sender.connection.send_message(ms.OFFER, sender.offer().body())
        for payload in payloads:
            sender.connection._transmit([Raw(payload)], time.monotonic())  # noqa: SLF001
        expect_close(sender, fr.VIOLATION)

    return run


def silence_after_offer(door: OpenDoor) -> None:
    """The sender vanishes: the receiver pings after five seconds of silence, and gives up."""
    sender = door.sender()
    sender.connection.send_message(ms.OFFER, sender.offer().body())
    sender.settle(0.3)
    pings = 0
    deadline = time.monotonic() + 8
    while (left := deadline - time.monotonic()) > 0:
        came = receive_one(door.sock, left)
        pings += came is not None and 0xE8 <= came[0][0] <= 0xEB
    if not pings:
        raise Unexpected("no ping during eight seconds of silence")


def answers_nothing(door: OpenDoor) -> None:
    """The sender acknowledges and never answers: the user's interrupt ends it in order."""
    sender = door.sender()
    sender.connection.send_message(ms.OFFER, sender.offer().body())
    sender.listing = b""
    try:
        sender.run_until(sender.connection.messages.clear, 60)
    except Closed as closed:
        if closed.close.code != fr.INTERRUPTED:
            raise Unexpected(f"closed with {closed.close.code}, not 3") from closed
    except Lost as error:
        raise Unexpected("the receiver left without a close") from error


def _flood(sender: Sender, sent: Iterable[fr.Frame]) -> None:
    """Frames as many as fit a packet; nothing is remembered, and the socket is read now and then."""
    connection = sender.connection
    frames = iter(sent)
    while batch := list(islice(frames, 100)):
        payload = b"".join(frame.encode() for frame in batch)
        number, datagram = connection.protection.seal(payload, skip=False)
        space = connection._sent[0]  # noqa: SLF001
        space.largest_sent = number
        space.finished.add(number)
        connection._send(datagram, connection.address)  # noqa: SLF001
        if number % 16 == 0:
            Session.step(sender, 0.0)


def object_gaps(door: OpenDoor) -> None:
    """A million bytes of one object, none next to another: memory does not move, and what is then sent
    as it should be completes the transfer."""
    memory = door.memory()

    class Gaps(_SpeakingOnRequest):
        def speak(self, object_id: int, file: int, piece: int) -> None:
            data = self.piece_object(file, piece)
            gaps = (len(data) - 1) // 2
            if gaps < 100_000:
                self.has_spoken = False
            else:
                places = (1 + 2 * (n % gaps) for n in range(1_000_000))
                _flood(self, (fr.ObjectData(object_id, at, data[at : at + 1]) for at in places))
                memory.expect_growth_below(MEMORY_LIMIT)
            self.connection.send_object(object_id, data)

    sender = door.sender(Gaps)
    sender.serve(180.0)
    if not sender.has_spoken:
        raise Unexpected("no large piece was asked for")


class _Vanished(Exception):
    """The sender is gone."""


class Vanishing(Sender):
    def _take_complete(self, root: bytes, files: int, total: int) -> None:
        raise _Vanished


def vanishes_before_confirm(door: OpenDoor) -> None:
    """The sender is killed when the receiver has everything, and comes back: the receiver ends well."""
    try:
        door.sender(Vanishing).serve()
    except _Vanished:
        Sender(door.door().accept(40.0), door.source, is_claimed=True).serve()
        return
    raise Unexpected("the receiver never said that it has everything")


def control_gaps(door: OpenDoor) -> None:
    """A million one-byte control frames, none next to another: memory does not move."""
    memory = door.memory()
    sender = door.sender()
    connection = sender.connection
    gaps = (CONTROL_WINDOW - 1_001) // 2
    _flood(sender, (fr.ControlData(1_001 + 2 * (n % gaps), b"\0") for n in range(1_000_000)))
    memory.expect_growth_below(MEMORY_LIMIT)
    before = connection.packets_opened
    connection.send_frame(fr.Ping())
    sender.run_until(lambda: connection.packets_opened > before, 10)
    connection.close(fr.INTERNAL, "enough")
    connection.linger()


class MessageFlood(_Speaking):
    """File roots over and over, as fast as credit comes."""

    def extra(self) -> bytes:
        number = next(
            n for n, e in enumerate(self.source.entries, start=1)
            if e.kind == FILE and e.size > PIECE
        )
        return ms.frame_message(ms.FILE_ROOT, varint(number) + self.source.root(number)) * 100_000


def message_flood(door: OpenDoor) -> None:
    """The same root stated a hundred thousand times: ended or ridden out, without memory."""
    memory = door.memory()

    class Measured(MessageFlood):
        def _take_complete(self, root: bytes, files: int, total: int) -> None:
            # The receiver took every one of them, and is there until it has its answer.
            memory.expect_growth_below(MEMORY_LIMIT)
            super()._take_complete(root, files, total)

    try:
        door.sender(Measured).serve()
    except Closed as closed:
        if closed.close.code != fr.VIOLATION:
            raise Unexpected(f"closed with {closed.close.code}, not 1") from closed


def _refusing(code: int) -> Attack:
    def run(door: OpenDoor) -> None:
        sender = door.sender()
        sender.refuse(code)

    return run


def refused_with_more(door: OpenDoor) -> None:
    """After refuse nothing follows but close; what follows is not acted on."""
    sender = door.sender()
    sender.connection.send_message(ms.REFUSE, u8(ms.WITHDRAWN))
    sender.connection.send_message(ms.OFFER, sender.offer().body())
    try:
        sender.settle(1.0)
    except Closed:
        pass
    sender.connection.close(fr.REFUSED)
    sender.connection.linger()
    if sender.next_object:
        raise Unexpected("the receiver asked for objects after a refuse")


def failed_file(door: OpenDoor) -> None:
    """Not an attack: a file that fails is left out, and the rest is delivered."""
    try:
        door.sender(FailedTwice).serve()
    except Closed as closed:
        if closed.close.code != fr.DONE:
            raise Unexpected(f"closed with {closed.close.code}, not 0") from closed


def everything_twice(door: OpenDoor) -> None:
    """Every datagram three times, some first with a byte changed: the transfer is untouched."""
    sender = door.sender()
    send = sender.connection._send  # noqa: SLF001

    def send_noisily(datagram: bytes, to: tuple) -> None:
        if random.random() < 0.2:
            send(_flip(datagram), to)
        for _ in range(3):
            send(datagram, to)

    sender.connection._send = send_noisily  # noqa: SLF001
    sender.serve()


ATTACKS: dict[str, tuple[str, Attack]] = {
    "wrong-fingerprint": ("unreachable", wrong_fingerprint),
    **{
        f"low-order-ephemeral-{index + 1}": ("unreachable", _chosen_ephemeral(value))
        for index, value in enumerate(BAD_X25519[:4])
    },
    "altered-message-2": ("unreachable", _message_2_refused(NoiseHandshake, _flip)),
    "truncated-message-2": ("unreachable", _message_2_refused(NoiseHandshake, lambda d: d[:-1])),
    "garbage-between": ("ok", garbage_between),
    "everything-twice": ("ok", everything_twice),
    "failed-file": ("partial", failed_file),
    "unknown-frame-type": ("violation", _sending(u8(0x7F))),
    "cut-frame": ("violation", _sending(u8(fr.CONTROL) + varint(9) + varint(9) + b"short")),
    "ack-never-sent": ("violation", _sending(fr.Ack(0, 0, ((10**6, 10**6),)).encode())),
    "ack-65-ranges": (
        "violation",
        _sending(u8(fr.ACK) + b"".join(varint(v) for v in (0, 200, 0, 65, 0, *[0, 0] * 65))),
    ),
    "control-beyond-credit": (
        "violation", _sending(fr.ControlData(CONTROL_WINDOW, b"x").encode())
    ),
    "object-before-request": ("violation", _sending(fr.ObjectData(0, 0, b"x").encode())),
    "ratchet-offer-from-responder": (
        "violation", _sending(fr.RatchetPart(True, 1, 0, 2, b"x" * 640).encode())
    ),
    "ratchet-answer-without-offer": (
        "violation",
        _sending(*(fr.RatchetPart(False, 1, i, 2, b"x" * 560).encode() for i in range(2))),
    ),
    "control-gaps": ("interrupted", control_gaps),
    "object-gaps": ("ok", object_gaps),
    "vanishes-before-confirm": ("ok", vanishes_before_confirm),
    "message-flood": ("any", message_flood),
    "silence-after-offer": ("interrupt", silence_after_offer),
    "answers-nothing": ("interrupt", answers_nothing),
    "refused-used": ("refused", _refusing(ms.ALREADY_USED)),
    "refused-expired": ("refused", _refusing(ms.EXPIRED)),
    "refused-withdrawn": ("refused", _refusing(ms.WITHDRAWN)),
    "refused-internal": ("any", _refusing(ms.REFUSED_INTERNAL)),
    "refused-with-more": ("any", refused_with_more),
}
