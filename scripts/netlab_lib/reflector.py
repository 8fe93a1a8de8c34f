"""A STUN server of its own with two addresses and two ports (RFC 5780 §7): the probe's other end.

It shares nothing with sealift's: the lab's routers are judged by it before sealift is. It answers a
Binding request from another address or port where CHANGE-REQUEST asks for that.
"""

import select
import socket
import struct
import threading

from .world import SERVERS, SERVERS_6, socket_in

COOKIE = 0x2112A442
PORTS = (3480, 3481)
BINDING_REQUEST, BINDING_SUCCESS = 0x0001, 0x0101
MAPPED_ADDRESS, CHANGE_REQUEST, XOR_MAPPED_ADDRESS = 0x0001, 0x0003, 0x0020
CHANGE_ADDRESS, CHANGE_PORT = 4, 2


def attributes(message):
    """{type: value} of a STUN message; None where it is none."""
    if len(message) < 20:
        return None
    _, length, cookie = struct.unpack_from("!HHI", message)
    if cookie != COOKIE or length != len(message) - 20:
        return None
    found, at = {}, 20
    while at + 4 <= len(message):
        kind, size = struct.unpack_from("!HH", message, at)
        found[kind] = message[at + 4:at + 4 + size]
        at += 4 + (size + 3) // 4 * 4
    return found


def request(transaction, change=0):
    body = struct.pack("!HHI", CHANGE_REQUEST, 4, change) if change else b""
    return struct.pack("!HHI", BINDING_REQUEST, len(body), COOKIE) + transaction + body


def response(transaction, source):
    address = socket.inet_pton(socket.AF_INET6 if ":" in source[0] else socket.AF_INET, source[0])
    key = struct.pack("!I", COOKIE) + transaction
    hidden = bytes(a ^ b for a, b in zip(address, key))
    family = 2 if len(address) == 16 else 1
    value = struct.pack("!BBH", 0, family, source[1] ^ (COOKIE >> 16)) + hidden
    body = struct.pack("!HH", XOR_MAPPED_ADDRESS, len(value)) + value
    return struct.pack("!HHI", BINDING_SUCCESS, len(body), COOKIE) + transaction + body


def mapped_address(message):
    """(address, port) that a response names."""
    value = (attributes(message) or {}).get(XOR_MAPPED_ADDRESS)
    if value is None:
        return None
    _, family, port = struct.unpack_from("!BBH", value)
    key = struct.pack("!I", COOKIE) + message[8:20]
    address = bytes(a ^ b for a, b in zip(value[4:], key))
    version = socket.AF_INET6 if family == 2 else socket.AF_INET
    return socket.inet_ntop(version, address), port ^ (COOKIE >> 16)


class Reflector:
    """Runs while its `with` statement does. Places are numbered (address 0 or 1, port 0 or 1)."""

    def __enter__(self):
        self.sockets = {}
        for addresses, family in ((SERVERS, socket.AF_INET), (SERVERS_6, socket.AF_INET6)):
            for a, address in enumerate(addresses):
                for p, port in enumerate(PORTS):
                    place = socket_in("server", family)
                    place.bind((address, port))
                    self.sockets[family, a, p] = place
        self.wake, self.waker = socket.socketpair()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.waker.send(b"x")
        self.thread.join()
        for opened in (*self.sockets.values(), self.wake, self.waker):
            opened.close()

    def _serve(self):
        places = {opened: place for place, opened in self.sockets.items()}
        while True:
            for ready in select.select([*places, self.wake], [], [])[0]:
                if ready is self.wake:
                    return
                self._answer(ready, *places[ready])

    def _answer(self, place, family, a, p):
        message, source = place.recvfrom(2048)
        found = attributes(message)
        if found is None or message[:2] != struct.pack("!H", BINDING_REQUEST):
            return
        change = struct.unpack("!I", found.get(CHANGE_REQUEST, bytes(4)))[0]
        other = (family, a ^ bool(change & CHANGE_ADDRESS), p ^ bool(change & CHANGE_PORT))
        self.sockets[other].sendto(response(message[8:20], source), source)
