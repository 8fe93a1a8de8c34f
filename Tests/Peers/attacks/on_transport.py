"""Attacks of an authenticated receiver below the messages (PROTOCOL sections 5 and 6)."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from sealift_peer import frames as fr
from sealift_peer import messages as ms
from sealift_peer.packets import PacketProtection
from sealift_peer.primitives import kem_keygen
from sealift_peer.ratchet import split_parts
from sealift_peer.reassembly import CONTROL_WINDOW
from sealift_peer.receiver import Receiver
from sealift_peer.session import Closed
from sealift_peer.wire import u8, varint

from .catalogue import Catalogue, Unexpected, expect_alive, expect_close
from .target import SILENCE, Target

MEMORY_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True)
class Raw:
    """Bytes where a frame would stand."""

    data: bytes

    def encode(self) -> bytes:
        return self.data


def register(catalogue: Catalogue) -> None:
    for name, payloads in VIOLATIONS.items():
        catalogue.attack(name, "close 1")(_violating(payloads))
    for name, function in ATTACKS.items():
        catalogue.attack(name)(function)


def _violating(payloads: list[bytes]) -> Callable[[Target], None]:
    """Each payload, in a session of its own, ends that session with a violation."""

    def run(target: Target) -> None:
        for payload in payloads:
            receiver = target.offered()
            transmit(receiver, payload)
            try:
                expect_close(receiver, fr.VIOLATION)
            except Unexpected as error:
                raise Unexpected(f"{payload[:24].hex()}: {error}") from error

    return run


def transmit(receiver: Receiver, payload: bytes) -> None:
    """One packet with exactly these bytes as its frames."""
    receiver.connection._transmit([Raw(payload)], time.monotonic())  # noqa: SLF001


def _ack(*fields: int) -> bytes:
    return u8(fr.ACK) + b"".join(varint(field) for field in fields)


# Each has to be answered by close 1.
VIOLATIONS: dict[str, list[bytes]] = {
    "unknown-frame-type": [u8(kind) for kind in (0x0E, 0x10, 0x40, 0x7F, 0x80, 0xFF)],
    "cut-frame": [
        u8(fr.ACK), u8(fr.CONTROL), u8(fr.CONTROL) + varint(0) + varint(9) + b"short",
        u8(fr.CREDIT), u8(fr.PATH_CHALLENGE) + b"1234567", u8(fr.CREDIT) + b"\xc0\0\0",
    ],
    "ack-never-sent": [_ack(0, 10**6, 0, 0, 0), _ack(0, 2**62 - 1, 0, 0, 0)],
    "ack-unknown-sequence": [_ack(3, 0, 0, 0, 0), _ack(2**32, 0, 0, 0, 0)],
    "ack-65-ranges": [_ack(0, 200, 0, 65, 0, *[0, 0] * 65)],
    "ack-below-zero": [_ack(0, 0, 0, 0, 1), _ack(0, 1, 0, 1, 0, 0, 0), _ack(0, 0, 0, 0, 2**62 - 1)],
    "control-beyond-credit": [
        fr.ControlData(CONTROL_WINDOW, b"x").encode(),
        fr.ControlData(2**62 - 1, b"x").encode(),
    ],
    "object-from-receiver": [fr.ObjectData(0, 0, b"x").encode()],
    "ack-frequency-out-of-range": [
        fr.AckFrequency(1, 0, 1_000).encode(),
        fr.AckFrequency(1, 1_025, 1_000).encode(),
        fr.AckFrequency(1, 2, 1_000_001).encode(),
    ],
    "close-reason-too-long": [u8(fr.CLOSE) + varint(0) + varint(129) + b"x" * 129],
    "ratchet-malformed": [
        fr.RatchetPart(True, 1, 0, 5, b"x").encode(),
        fr.RatchetPart(True, 1, 0, 0, b"x").encode(),
        fr.RatchetPart(True, 1, 2, 2, b"x").encode(),
        fr.RatchetPart(True, 1, 0, 2, b"x" * 641).encode(),
        fr.RatchetPart(True, 1, 0, 1, b"too short to be an offer").encode(),
    ],
    "ratchet-answer-from-initiator": [fr.RatchetPart(False, 1, 0, 2, b"x" * 640).encode()],
}


def ratchet_low_order(target: Target) -> None:
    """A ratchet offer with an X25519 key of small order."""
    for public in (bytes(32), (1).to_bytes(32, "little")):
        receiver = target.offered()
        for part in split_parts(True, 1, varint(1) + public + kem_keygen()[0]):
            transmit(receiver, part.encode())
        expect_close(receiver, fr.VIOLATION)


def ratchet_bad_modulus(target: Target) -> None:
    receiver = target.offered()
    offer = varint(1) + os.urandom(31) + b"\0" + b"\xff" * 1_184
    for part in split_parts(True, 1, offer):
        transmit(receiver, part.encode())
    expect_close(receiver, fr.VIOLATION)


def skipped_number_acknowledged(target: Target) -> None:
    """Acknowledging every number below the highest: the first skipped one ends the session."""
    receiver = target.claimed()
    connection = receiver.connection

    class Greedy(type(connection._received[0])):  # noqa: SLF001
        def make_ack(self, sequence: int, now: float) -> fr.Ack:
            ack = super().make_ack(sequence, now)
            return fr.Ack(sequence, ack.delay_us, ((0, ack.ranges[0][1]),))

    connection._received[0].__class__ = Greedy  # noqa: SLF001
    try:
        receiver.fetch_files()
    except Closed as closed:
        if closed.close.code != fr.VIOLATION:
            raise Unexpected(f"closed with {closed.close.code}, not 1") from closed
        return
    raise Unexpected("no packet number was skipped, or acknowledging it changed nothing")


def control_gaps(target: Target) -> None:
    """A million one-byte control frames, none next to another: memory does not move."""
    memory = target.memory()
    receiver = target.offered()
    start = 64
    batch: list[bytes] = []
    for count in range(1_000_000):
        offset = start + 2 * (count % ((CONTROL_WINDOW - start) // 2))
        batch.append(fr.ControlData(offset, b"\0").encode())
        if len(batch) == 140:
            transmit_unreliably(receiver, b"".join(batch))
            batch.clear()
    expect_alive(receiver)
    memory.expect_growth_below(MEMORY_LIMIT)
    leave(receiver)


def transmit_unreliably(receiver: Receiver, payload: bytes) -> None:
    """As `transmit`, but nothing is remembered, and the socket is read now and then."""
    connection = receiver.connection
    number, datagram = connection.protection.seal(payload, skip=False)
    space = connection._sent[connection.protection.own_sequence]  # noqa: SLF001
    space.largest_sent = number
    space.finished.add(number)
    connection._send(datagram, connection.address)  # noqa: SLF001
    if number % 16 == 0:
        receiver.step(0.0)


def leave(receiver: Receiver) -> None:
    receiver.connection.close(fr.INTERRUPTED)
    receiver.connection.linger(0.1)


def challenge_flood(target: Target) -> None:
    """A hundred thousand path challenges: answered or dropped, but not collected."""
    memory = target.memory()
    receiver = target.offered()
    for _ in range(1_000):
        transmit_unreliably(
            receiver, b"".join(fr.PathChallenge(os.urandom(8)).encode() for _ in range(100))
        )
    expect_alive(receiver)
    memory.expect_growth_below(MEMORY_LIMIT)
    leave(receiver)


def response_flood(target: Target) -> None:
    """Path responses that nobody asked for."""
    receiver = target.offered()
    for _ in range(200):
        transmit_unreliably(
            receiver, b"".join(fr.PathResponse(os.urandom(8)).encode() for _ in range(100))
        )
    expect_alive(receiver)
    leave(receiver)


def ping_flood(target: Target) -> None:
    memory = target.memory()
    receiver = target.offered()
    for _ in range(500):
        transmit_unreliably(receiver, fr.Ping().encode() * 500 + fr.ImmediateAck().encode() * 500)
    expect_alive(receiver)
    memory.expect_growth_below(MEMORY_LIMIT)
    leave(receiver)


class _Repeating(PacketProtection):
    """Keeps what it sealed."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.sealed: list[bytes] = []

    def seal(self, *arguments, **options) -> tuple[int, bytes]:
        number, datagram = super().seal(*arguments, **options)
        self.sealed.append(datagram)
        return number, datagram


def replayed_packets(target: Target) -> None:
    """Every packet of a session three times over, and again from another address: no effect."""
    from sealift_peer.dial import dial

    receiver = Receiver(
        dial(target.ticket, target.device, 15.0, protection_type=_Repeating), target.output
    )
    connection = receiver.connection
    send = connection._send  # noqa: SLF001

    def send_thrice(datagram: bytes, to: tuple) -> None:
        for _ in range(3):
            send(datagram, to)

    connection._send = send_thrice  # noqa: SLF001
    receiver.read_offer()
    receiver.fetch_listing()
    line = target.line()
    for datagram in connection.protection.sealed:
        connection.sock.sendto(datagram, connection.address)
        line.send(datagram)
    line.expect_silence("a replayed packet from elsewhere")
    expect_alive(receiver)
    leave(receiver)


def altered_packets(target: Target) -> None:
    """Every packet is preceded by altered copies of itself: garbage changes nothing."""
    receiver = target.connect()
    connection = receiver.connection
    send = connection._send  # noqa: SLF001

    def send_with_noise(datagram: bytes, to: tuple) -> None:
        for _ in range(4):
            at = random.randrange(len(datagram))
            send(datagram[:at] + bytes([datagram[at] ^ 0x55]) + datagram[at + 1 :], to)
        send(datagram[:-1], to)
        send(datagram + b"\0", to)
        send(datagram, to)

    connection._send = send_with_noise  # noqa: SLF001
    receiver.read_offer()
    receiver.fetch_listing()
    expect_alive(receiver)
    leave(receiver)


def far_generation(target: Target) -> None:
    """Packets that say another generation than they are sealed under, or than may be."""
    receiver = target.offered()
    connection = receiver.connection
    _, datagram = connection.protection.seal(fr.Ping().encode())
    for kind in range(0xE8, 0xF0):
        connection.sock.sendto(bytes([kind]) + datagram[1:], connection.address)
    connection._sent[0].largest_sent = connection.protection.next_number() - 1  # noqa: SLF001
    connection._sent[0].finished.add(connection._sent[0].largest_sent)  # noqa: SLF001
    expect_alive(receiver)
    leave(receiver)


def far_sequence(target: Target) -> None:
    """A connection id nine sequences ahead is nobody's: silence."""
    receiver = target.offered()
    connection = receiver.connection
    connection.protection.use_sequence(9)
    line = target.line()
    _, datagram = connection.protection.seal(fr.Ping().encode())
    line.send(datagram)
    connection.protection.use_sequence(0)
    line.expect_silence("a connection id nine sequences ahead", SILENCE)
    leave(receiver)


def no_acknowledgement(target: Target) -> None:
    """A receiver that asks and never acknowledges: the sender waits, bounded."""
    memory = target.memory()
    receiver = target.claimed()
    connection = receiver.connection
    connection._flush = lambda now: None  # noqa: SLF001
    for object_id in range(200):
        body = ms.Request(receiver.next_object + object_id, 0, 0, 1).body()
        connection.send_message(ms.REQUEST, body)
    chunk = connection._control_out.next_chunk(1_000)  # noqa: SLF001
    while chunk:
        transmit(receiver, fr.ControlData(*chunk).encode())
        chunk = connection._control_out.next_chunk(1_000)  # noqa: SLF001
    end = time.monotonic() + 5
    while time.monotonic() < end:
        connection._receive_datagrams(0.2)  # noqa: SLF001
    leave(receiver)
    memory.expect_growth_below(MEMORY_LIMIT)


ATTACKS = {
    "ratchet-low-order": ratchet_low_order,
    "ratchet-bad-modulus": ratchet_bad_modulus,
    "skipped-number-acknowledged": skipped_number_acknowledged,
    "control-gaps": control_gaps,
    "challenge-flood": challenge_flood,
    "response-flood": response_flood,
    "ping-flood": ping_flood,
    "replayed-packets": replayed_packets,
    "altered-packets": altered_packets,
    "far-generation": far_generation,
    "far-sequence": far_sequence,
    "no-acknowledgement": no_acknowledgement,
}
