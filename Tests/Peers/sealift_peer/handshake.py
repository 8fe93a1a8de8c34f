"""The handshake: payloads, datagrams, and both ends of it (PROTOCOL section 4)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from .device import Device, PskKeys, device_id
from .noise import NoiseHandshake, NotAuthentic
from .primitives import Refused, check_ed25519, equal, hmac, public_bytes, sha256
from .wire import Violation, u8

PAYLOAD_SIZE = 256
ROLE_TICKET = 1

MESSAGE_1, MESSAGE_2, MESSAGE_3 = 0xE1, 0xE2, 0xE3
FRAGMENTS = {MESSAGE_1: (2, 752), MESSAGE_2: (2, 728), MESSAGE_3: (1, 320)}
_HEADER_SIZE = 1 + 16 + 8 + 1
_MAC_SIZE = 16


@dataclass(frozen=True)
class HandshakeResult:
    """What packet protection is made from, and who is at the other end."""

    exporter: bytes
    handshake_hash: bytes
    remote_device_id: bytes


def first_payload() -> bytes:
    return u8(1).ljust(PAYLOAD_SIZE, b"\0")


def identity_payload(device: Device) -> bytes:
    return (u8(1) + public_bytes(device.signing) + bytes(32)).ljust(PAYLOAD_SIZE, b"\0")


def read_first_payload(payload: bytes) -> None:
    if len(payload) != PAYLOAD_SIZE or payload[0] != 1:
        raise Violation("payload of message 1")


def read_identity_payload(payload: bytes) -> bytes:
    """The Ed25519 public key of the other end's device."""
    if len(payload) != PAYLOAD_SIZE or payload[0] != 1:
        raise Violation("payload of message 2 or 3")
    check_ed25519(payload[1:33])
    return payload[1:33]


def seal_datagram(kind: int, tag: bytes, handshake_id: bytes, fragment: int, data: bytes,
                  mac_key: bytes) -> bytes:
    body = u8(kind) + tag + handshake_id + u8(fragment) + data
    return body + hmac(mac_key, body)[:_MAC_SIZE]


def split_message(kind: int, message: bytes, tag: bytes, handshake_id: bytes,
                  mac_key: bytes) -> list[bytes]:
    count, size = FRAGMENTS[kind]
    return [
        seal_datagram(kind, tag, handshake_id, index * 16 + count,
                      message[index * size : (index + 1) * size], mac_key)
        for index in range(count)
    ]


@dataclass(frozen=True)
class Fragment:
    kind: int
    handshake_id: bytes
    index: int
    data: bytes


def open_datagram(datagram: bytes, kind: int, tag: bytes, mac_key: bytes) -> Fragment | None:
    """The fragment inside, or nil for whatever section 4.2 drops."""
    count, size = FRAGMENTS[kind]
    if len(datagram) != _HEADER_SIZE + size + _MAC_SIZE or datagram[0] != kind:
        return None
    if datagram[1:17] != tag:
        return None
    if not equal(hmac(mac_key, datagram[:-_MAC_SIZE])[:_MAC_SIZE], datagram[-_MAC_SIZE:]):
        return None
    index, stated = divmod(datagram[25], 16)
    if stated != count or index >= count:
        return None
    return Fragment(kind, datagram[17:25], index, datagram[_HEADER_SIZE:-_MAC_SIZE])


class _Reassembly:
    """Collects the fragments of one message; a repeated fragment changes nothing."""

    def __init__(self, kind: int) -> None:
        self._count = FRAGMENTS[kind][0]
        self._parts: dict[int, bytes] = {}

    def add(self, fragment: Fragment) -> bytes | None:
        self._parts.setdefault(fragment.index, fragment.data)
        if len(self._parts) < self._count:
            return None
        return b"".join(self._parts[i] for i in range(self._count))


class InitiatorHandshake:
    """The receiver's end: it holds a ticket and dials."""

    noise_type = NoiseHandshake

    def __init__(self, psk: bytes, fingerprint: bytes, device: Device) -> None:
        self.keys = PskKeys(psk)
        self.device = device
        self.fingerprint = fingerprint
        self.handshake_id = os.urandom(8)
        self.result: HandshakeResult | None = None
        self._reassembly = _Reassembly(MESSAGE_2)
        prologue = b"sealift/1" + u8(ROLE_TICKET) + self.keys.tag(0)
        self.noise = self.noise_type(True, prologue, psk, device.agreement)
        self.message_1 = self.noise.write_1(first_payload())
        self.message_3 = b""

    def datagrams(self) -> list[bytes]:
        """What to send, and to repeat: message 1, or message 3 once message 2 was read."""
        kind, message = (
            (MESSAGE_3, self.message_3) if self.message_3 else (MESSAGE_1, self.message_1)
        )
        return split_message(kind, message, self.keys.tag(0), self.handshake_id, self.keys.mac_key)

    def receive(self, datagram: bytes) -> bool:
        """Reads a datagram of message 2; true when it completes the message."""
        fragment = open_datagram(datagram, MESSAGE_2, self.keys.tag(1), self.keys.mac_key)
        if fragment is None or fragment.handshake_id != self.handshake_id or self.message_3:
            return False
        message = self._reassembly.add(fragment)
        if message is None:
            return False
        signing = read_identity_payload(self.noise.read_2(message))
        remote = device_id(self.noise.remote_static, signing)
        if not equal(remote[:16], self.fingerprint):
            raise Violation("the sender's fingerprint is not the ticket's")
        self.message_3 = self.noise.write_3(identity_payload(self.device))
        _, _, exporter = self.noise.split()
        self.result = HandshakeResult(exporter, self.noise.symmetric.h, remote)
        return True


class ResponderHandshake:
    """The sender's end of one handshake: it answers message 1 and finishes on message 3."""

    noise_type = NoiseHandshake

    def __init__(self, psk: bytes, device: Device, handshake_id: bytes,
                 is_first_time: Callable[[bytes], bool] = lambda _: True) -> None:
        self.is_first_time = is_first_time
        self.keys = PskKeys(psk)
        self.device = device
        self.handshake_id = handshake_id
        self.result: HandshakeResult | None = None
        self.reply: list[bytes] = []
        self._first = _Reassembly(MESSAGE_1)
        prologue = b"sealift/1" + u8(ROLE_TICKET) + self.keys.tag(0)
        self.noise = self.noise_type(False, prologue, psk, device.agreement)

    def receive(self, fragment: Fragment) -> list[bytes]:
        """Reads a fragment of message 1 or 3; what it returns is to be sent back."""
        if fragment.kind == MESSAGE_3:
            self._read_3(fragment.data)
            return []
        if self.reply:
            # Written once: message 1 again is answered by the very bytes sent before, and once
            # per two fragments, so that an answer is never larger than what came.
            return [self.reply[fragment.index]]
        message = self._first.add(fragment)
        if message is None or not self.is_first_time(sha256(message)):
            return []
        read_first_payload(self.noise.read_1(message))
        message_2 = self.noise.write_2(identity_payload(self.device))
        self.reply = split_message(
            MESSAGE_2, message_2, self.keys.tag(1), self.handshake_id, self.keys.mac_key
        )
        return self.reply

    def _read_3(self, message: bytes) -> None:
        if not self.reply or self.result:
            return
        signing = read_identity_payload(self.noise.read_3(message))
        remote = device_id(self.noise.remote_static, signing)
        _, _, exporter = self.noise.split()
        self.result = HandshakeResult(exporter, self.noise.symmetric.h, remote)


class Doorman:
    """The sender's door: it finds the handshake a datagram belongs to, and bounds how many wait.

    At most two half-open handshakes, three seconds each (section 4.2). What does not open is
    dropped without an answer.
    """

    handshake_type = ResponderHandshake

    def __init__(self, psk: bytes, device: Device) -> None:
        self.keys = PskKeys(psk)
        self.device = device
        self._half_open: dict[bytes, tuple[float, ResponderHandshake]] = {}
        self._answered: set[bytes] = set()

    def _is_first_time(self, message_hash: bytes) -> bool:
        """A message 1 that was answered once is dropped under any other handshake id."""
        is_new = message_hash not in self._answered
        self._answered.add(message_hash)
        return is_new

    def receive(self, datagram: bytes, now: float) -> tuple[list[bytes], HandshakeResult | None]:
        if not datagram or datagram[0] not in (MESSAGE_1, MESSAGE_3):
            return [], None
        fragment = open_datagram(datagram, datagram[0], self.keys.tag(0), self.keys.mac_key)
        if fragment is None:
            return [], None
        self._half_open = {
            key: value for key, value in self._half_open.items() if value[0] > now
        }
        _, handshake = self._half_open.get(fragment.handshake_id, (0.0, None))
        if handshake is None:
            if fragment.kind != MESSAGE_1 or len(self._half_open) == 2:
                return [], None
            handshake = self.handshake_type(
                self.keys.psk, self.device, fragment.handshake_id, self._is_first_time
            )
            self._half_open[fragment.handshake_id] = (now + 3.0, handshake)
        had_finished = handshake.result is not None
        try:
            replies = handshake.receive(fragment)
        except (NotAuthentic, Refused, Violation):
            del self._half_open[fragment.handshake_id]
            return [], None
        return replies, None if had_finished else handshake.result
