"""Attacks before authentication (PROTOCOL section 4): the answer is silence."""

from __future__ import annotations

import os
import random
import time

from sealift_peer.handshake import MESSAGE_1, MESSAGE_3, InitiatorHandshake, split_message
from sealift_peer.noise import NoiseHandshake
from sealift_peer.primitives import Refused, hkdf, x25519

from .catalogue import Catalogue, Unexpected
from .target import Target

HALF_OPEN = 3.0

# Every X25519 public value that section 4.1 refuses, little-endian as it is sent.
_P = 2**255 - 19
BAD_X25519 = [
    *(value.to_bytes(32, "little") for value in (0, 1, _P - 1, _P, _P + 1, _P + 9, 2**255 - 1)),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    (9 + 2**255).to_bytes(32, "little"),
]


def register(catalogue: Catalogue) -> None:
    for name, function in ATTACKS.items():
        catalogue.attack(name)(function)


def _flip(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1 << random.randrange(8)]) + data[position + 1 :]


def _sealed(handshake: InitiatorHandshake, kind: int, message: bytes) -> list[bytes]:
    return split_message(
        kind, message, handshake.keys.tag(0), handshake.handshake_id, handshake.keys.mac_key
    )


def wrong_secret(target: Target) -> None:
    line = target.line()
    line.send(*target.handshake(secret=os.urandom(32)).datagrams())
    line.expect_silence("a stranger's message 1")


def altered_mac(target: Target) -> None:
    line = target.line()
    for index in range(2):
        datagrams = target.handshake().datagrams()
        datagrams[index] = _flip(datagrams[index], len(datagrams[index]) - 1 - index)
        line.send(*datagrams)
    line.expect_silence("a fragment with a wrong mac")


def altered_bytes(target: Target) -> None:
    """Bytes changed on the way: the mac does not hold."""
    line = target.line()
    for _ in range(64):
        datagrams = target.handshake().datagrams()
        which = random.randrange(2)
        datagrams[which] = _flip(datagrams[which], random.randrange(len(datagrams[which])))
        line.send(*datagrams)
    line.expect_silence("an altered fragment")


def altered_message_1(target: Target) -> None:
    """Bytes changed by a holder of the ticket, who can make the mac right again."""
    for position in (0, 31, 32, 700, 1_231, 1_240, 1_503):
        line = target.line()
        handshake = target.handshake()
        line.send(*_sealed(handshake, MESSAGE_1, _flip(handshake.message_1, position)))
        line.expect_silence(f"message 1 altered at byte {position}", 0.3)
        time.sleep(HALF_OPEN / 2)


def altered_message_3(target: Target) -> None:
    for position in (0, 40, 50, 319):
        line = target.line()
        handshake = target.handshake()
        line.send(*handshake.datagrams())
        line.expect_message_2(handshake)
        line.send(*_sealed(handshake, MESSAGE_3, _flip(handshake.message_3, position)))
        line.expect_silence(f"message 3 altered at byte {position}")
        time.sleep(HALF_OPEN / 2)


def truncated(target: Target) -> None:
    line = target.line()
    datagrams = target.handshake().datagrams()
    for size in [*range(0, 60), *range(60, len(datagrams[0]), 37)]:
        line.send(datagrams[0][:size], datagrams[1][:size])
    line.send(*(datagram + b"\0" for datagram in datagrams))
    line.expect_silence("fragments cut short or made longer")


def other_fragment_numbers(target: Target) -> None:
    """A fragment that says another index or count, with a mac that holds."""
    from sealift_peer.handshake import seal_datagram

    line = target.line()
    handshake = target.handshake()
    for number in range(256):
        if number in (0x02, 0x12):
            continue
        line.send(
            seal_datagram(MESSAGE_1, handshake.keys.tag(0), handshake.handshake_id, number,
                          handshake.message_1[:752], handshake.keys.mac_key)
        )
    line.expect_silence("fragments with another index or count")


def half_a_message(target: Target) -> None:
    line = target.line()
    line.send(target.handshake().datagrams()[0])
    line.expect_silence("one fragment of two")
    time.sleep(HALF_OPEN)


def duplicated_and_reordered(target: Target) -> None:
    """What a network may do to a correct message 1: it is answered all the same."""
    line = target.line()
    handshake = target.handshake()
    first, second = handshake.datagrams()
    line.send(second, second, first, first, second)
    line.expect_message_2(handshake)


class _ChosenEphemeral(NoiseHandshake):
    chosen = bytes(32)

    def ephemeral_bytes(self) -> bytes:
        return self.chosen


def low_order_ephemeral(target: Target) -> None:
    for value in BAD_X25519:
        noise = type("Noise", (_ChosenEphemeral,), {"chosen": value})
        line = target.line()
        line.send(*target.handshake(_dialing_with(noise)).datagrams())
        line.expect_silence(f"e = {value.hex()}", 0.3)
        time.sleep(HALF_OPEN / 2)


def _dialing_with(noise: type[NoiseHandshake]) -> type[InitiatorHandshake]:
    return type("Handshake", (InitiatorHandshake,), {"noise_type": noise})


class _ChosenStatic(NoiseHandshake):
    chosen = bytes(32)

    def static_bytes(self) -> bytes:
        return self.chosen

    def dh(self, private, public: bytes) -> bytes:
        # The result the responder gets with a point of small order.
        try:
            return bytes(32) if private is self.static else x25519(private, public)
        except Refused:
            return bytes(32)


def zero_dh_static(target: Target) -> None:
    """An `s` of small order in message 3: everything opens, and the DH result is zeros."""
    for value in BAD_X25519[:3]:
        noise = type("Noise", (_ChosenStatic,), {"chosen": value})
        line = target.line()
        handshake = target.handshake(_dialing_with(noise))
        line.send(*handshake.datagrams())
        line.expect_message_2(handshake)
        line.send(*handshake.datagrams())
        line.expect_silence(f"s = {value.hex()}")
        time.sleep(HALF_OPEN / 2)


class _BadEncapsulationKey(NoiseHandshake):
    def encapsulation_key_bytes(self) -> bytes:
        # The first coefficient becomes 4095, which is not below q.
        key = bytearray(self.encapsulation_key)
        key[0] = 0xFF
        key[1] |= 0x0F
        return bytes(key)


def invalid_encapsulation_key(target: Target) -> None:
    line = target.line()
    line.send(*target.handshake(_dialing_with(_BadEncapsulationKey)).datagrams())
    line.expect_silence("an encapsulation key that fails the modulus check")


def bad_signing_key(target: Target) -> None:
    """An Ed25519 key of small order in message 3."""

    class Handshake(InitiatorHandshake):
        pass

    for key in (bytes(32), (1).to_bytes(32, "little"), (_P + 3).to_bytes(32, "little")):
        line = target.line()
        handshake = target.handshake(Handshake)
        line.send(*handshake.datagrams())
        datagrams = line.collect(2)
        # Message 2 is read as ever, but message 3 is written with the other key.
        write_3 = handshake.noise.write_3
        handshake.noise.write_3 = lambda payload: write_3(payload[:1] + key + payload[33:])
        if not any([handshake.receive(datagram) for datagram in datagrams]):
            raise Unexpected("no message 2")
        line.send(*handshake.datagrams())
        line.expect_silence(f"Ed25519 key {key.hex()}")
        time.sleep(HALF_OPEN / 2)


def replayed_message_1(target: Target) -> None:
    """Message 1 again, also from elsewhere: the very same bytes, or nothing."""
    line, elsewhere = target.line(), target.line()
    handshake = target.handshake()
    message_1 = handshake.datagrams()
    line.send(*message_1)
    first = set(line.expect_message_2(handshake))
    for again in (line, elsewhere):
        again.send(*message_1)
        if not set(again.collect(2, 1.0)) <= first:
            raise Unexpected("a replayed message 1 was answered by other bytes")


def replay_under_other_id(target: Target) -> None:
    """Message 1 that was answered before, under another handshake id.

    Only a holder of the ticket can do this: the mac covers the id. It gets the bytes sent before,
    or nothing.
    """
    line = target.line()
    handshake = target.handshake()
    line.send(*handshake.datagrams())
    first = sorted(line.expect_message_2(handshake), key=_index)
    again = split_message(MESSAGE_1, handshake.message_1, handshake.keys.tag(0), os.urandom(8),
                          handshake.keys.mac_key)
    line.send(*again)
    second = sorted(line.collect(2, 1.0), key=_index)
    if second and second != first:
        raise Unexpected("one message 1 got two different messages 2")


def _index(datagram: bytes) -> int:
    return datagram[25]


def third_half_open(target: Target) -> None:
    handshakes = [target.handshake() for _ in range(3)]
    lines = [target.line() for _ in range(3)]
    for line, handshake in zip(lines[:2], handshakes):
        line.send(*handshake.datagrams())
        line.expect_message_2(handshake)
    third = handshakes[2].datagrams()
    lines[2].send(*third)
    lines[2].expect_silence("a third half-open handshake")
    time.sleep(HALF_OPEN)
    lines[2].send(*third)
    lines[2].expect_message_2(handshakes[2])


def message_3_first(target: Target) -> None:
    line = target.line()
    handshake = target.handshake()
    line.send(*_sealed(handshake, MESSAGE_3, os.urandom(320)))
    line.expect_silence("message 3 without a message 1")


def garbage_flood(target: Target) -> None:
    """Strangers and ticket holders throwing noise at the port: no answer, no memory."""
    memory = target.memory()
    line = target.line()
    tag = target.handshake().keys.tag(0)
    for _ in range(20_000):
        kind = random.choice([0xE1, 0xE2, 0xE3, 0xE8, 0xEB, random.randrange(256)])
        head = bytes([kind]) + (tag if random.random() < 0.5 else os.urandom(16))
        line.send(head + os.urandom(random.choice([0, 1, 9, 345, 777, 1_183])))
    line.expect_silence("garbage")
    memory.expect_growth_below(16 * 1024 * 1024)


def handshake_flood(target: Target) -> None:
    """A ticket holder opening handshakes as fast as it can: two wait, memory does not move."""
    memory = target.memory()
    handshake = target.handshake()
    line = target.line()
    for _ in range(5_000):
        line.send(
            *split_message(MESSAGE_1, handshake.message_1, handshake.keys.tag(0), os.urandom(8),
                           handshake.keys.mac_key)
        )
    line.collect(8, 1.0)
    memory.expect_growth_below(16 * 1024 * 1024)
    time.sleep(HALF_OPEN)


def other_device_keys_from_ticket(target: Target) -> None:
    """Datagrams whose mac was made with the hint key: one key never stands in for another."""
    line = target.line()
    handshake = target.handshake()
    wrong = hkdf(handshake.keys.psk, b"", b"sealift/1 hint", 32)
    line.send(*split_message(MESSAGE_1, handshake.message_1, handshake.keys.tag(0),
                             handshake.handshake_id, wrong))
    line.expect_silence("a mac under the hint key")


ATTACKS = {
    "wrong-secret": wrong_secret,
    "altered-mac": altered_mac,
    "altered-bytes": altered_bytes,
    "altered-message-1": altered_message_1,
    "altered-message-3": altered_message_3,
    "truncated-fragments": truncated,
    "fragment-numbers": other_fragment_numbers,
    "half-a-message": half_a_message,
    "duplicated-and-reordered": duplicated_and_reordered,
    "low-order-ephemeral": low_order_ephemeral,
    "zero-dh-static": zero_dh_static,
    "invalid-encapsulation-key": invalid_encapsulation_key,
    "bad-signing-key": bad_signing_key,
    "replayed-message-1": replayed_message_1,
    "replay-under-other-id": replay_under_other_id,
    "third-half-open": third_half_open,
    "message-3-first": message_3_first,
    "garbage-flood": garbage_flood,
    "handshake-flood": handshake_flood,
    "mac-under-hint-key": other_device_keys_from_ticket,
}
