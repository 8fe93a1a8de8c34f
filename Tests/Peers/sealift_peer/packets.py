"""Packet protection: keys, connection ids, generations, replay (PROTOCOL section 5)."""

from __future__ import annotations

import random
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .handshake import HandshakeResult
from .primitives import hkdf
from .wire import Violation, u8, u32, u64

TYPE_BASE = 0xE8
HEADER_SIZE = 17
TAG_SIZE = 16
OVERHEAD = HEADER_SIZE + TAG_SIZE
INITIATOR, RESPONDER = 0, 1
REPLAY_WINDOW = 2_048
SEQUENCES_AHEAD = 8
GENERATION_HARD_LIMIT = 2**22


@dataclass(frozen=True)
class OpenedPacket:
    sequence: int
    number: int
    frames: bytes


class ReplayWindow:
    """Which packet numbers of one connection id were seen."""

    def __init__(self) -> None:
        self._highest = -1
        self._bits = 0

    def is_new(self, number: int) -> bool:
        if number > self._highest:
            return True
        age = self._highest - number
        return age < REPLAY_WINDOW and not self._bits >> age & 1

    def insert(self, number: int) -> None:
        if number > self._highest:
            self._bits = (self._bits << (number - self._highest)) & ((1 << REPLAY_WINDOW) - 1)
            self._highest = number
        self._bits |= 1 << (self._highest - number)


class PacketProtection:
    """Seals one direction and opens the other.

    `generation` is the one this end seals under. Only the initiator calls `start_generation`; the
    responder follows with the first packet of the next generation that opens.
    """

    def __init__(self, result: HandshakeResult, initiator: bool) -> None:
        salt = result.handshake_hash
        self.initiator = initiator
        self.remote_device_id = result.remote_device_id
        self.own = INITIATOR if initiator else RESPONDER
        self.peer = RESPONDER if initiator else INITIATOR
        self._id_secret = hkdf(result.exporter, salt, b"sealift/1 connection ids", 32)
        self.generation = 0
        self._secret = hkdf(result.exporter, salt, b"sealift/1 traffic", 32)
        self._previous_secret: bytes | None = None
        self.mix = b""
        self._keys: dict[tuple[int, int, int], AESGCM] = {}
        self.own_sequence = 0
        self._next_number: dict[int, int] = {}
        self._peer_ids: dict[bytes, int] = {}
        self._highest_peer_sequence = 0
        self._windows: dict[int, ReplayWindow] = {}
        self.sent_in_generation = 0
        self.opened_in_generation = 0
        self._own_id = self.connection_id(self.own, 0)
        self._extend_peer_ids()

    # Keys and ids.

    def connection_id(self, direction: int, sequence: int, lane: int = 0) -> bytes:
        info = b"sealift/1 connection id" + u8(direction) + u32(sequence) + u8(lane)
        return hkdf(self._id_secret, b"", info, 8)

    def _next_secret(self) -> bytes:
        return hkdf(self.mix, self._secret, b"sealift/1 next generation", 32)

    def _key(self, generation: int, direction: int, sequence: int) -> AESGCM | None:
        name = (generation, direction, sequence)
        if name not in self._keys:
            if generation == self.generation:
                secret = self._secret
            elif generation == self.generation - 1:
                secret = self._previous_secret
            else:
                secret = self._next_secret()
            if secret is None:
                return None
            info = b"sealift/1 key" + u8(direction) + u32(sequence) + u8(0)
            key = AESGCM(hkdf(secret, b"", info, 32))
            if generation > self.generation:
                # Not kept: a forged header must not pin g+1 before its mix is known.
                return key
            self._keys[name] = key
        return self._keys[name]

    def _extend_peer_ids(self) -> None:
        for sequence in range(self._highest_peer_sequence,
                              self._highest_peer_sequence + SEQUENCES_AHEAD + 1):
            self._peer_ids[self.connection_id(self.peer, sequence)] = sequence

    def use_sequence(self, sequence: int) -> None:
        """The connection ids of another sequence: this end's local address changed."""
        self.own_sequence = sequence
        self._own_id = self.connection_id(self.own, sequence)

    # Generations.

    def start_generation(self) -> None:
        self._previous_secret, self._secret = self._secret, self._next_secret()
        self.mix = b""
        self.generation += 1
        self.sent_in_generation = self.opened_in_generation = 0
        self._keys = {k: v for k, v in self._keys.items() if k[0] >= self.generation - 1}

    def forget_previous_generation(self) -> None:
        """Three PTO after the generation began."""
        self._previous_secret = None
        self._keys = {k: v for k, v in self._keys.items() if k[0] >= self.generation}

    # Packets.

    def next_number(self) -> int:
        return self._next_number.get(self.own_sequence, 0)

    def seal(self, frames: bytes, skip: bool = True, number: int | None = None) -> tuple[int, bytes]:
        """(packet number, datagram). `skip` leaves a number out now and then."""
        if self.sent_in_generation >= GENERATION_HARD_LIMIT:
            raise Violation("a generation is spent; wait for the next")
        if number is None:
            number = self.next_number()
            if skip and random.randrange(256) == 0:
                number += 1
            self._next_number[self.own_sequence] = number + 1
        header = u8(TYPE_BASE + self.generation % 4) + self._own_id + u64(number)
        key = self._key(self.generation, self.own, self.own_sequence)
        assert key is not None
        self.sent_in_generation += 1
        return number, header + key.encrypt(bytes(4) + u64(number), frames, header)

    def open(self, datagram: bytes) -> OpenedPacket | None:
        """The packet, once; nil for anything that is not a new packet of the other end."""
        if len(datagram) < OVERHEAD + 1 or not TYPE_BASE <= datagram[0] < TYPE_BASE + 4:
            return None
        sequence = self._peer_ids.get(datagram[1:9])
        if sequence is None:
            return None
        generation = self._generation_of(datagram[0] - TYPE_BASE)
        if generation is None:
            return None
        number = int.from_bytes(datagram[9:17], "big")
        window = self._windows.get(sequence) or ReplayWindow()
        if number >= 2**62 or not window.is_new(number):
            return None
        key = self._key(generation, self.peer, sequence)
        if key is None:
            return None
        header = datagram[:HEADER_SIZE]
        try:
            frames = key.decrypt(bytes(4) + header[9:], datagram[HEADER_SIZE:], header)
        except InvalidTag:
            return None
        window.insert(number)
        self._windows[sequence] = window
        if generation == self.generation + 1:
            self.start_generation()
        self.opened_in_generation += 1
        if sequence > self._highest_peer_sequence:
            self._highest_peer_sequence = sequence
            self._extend_peer_ids()
        return OpenedPacket(sequence, number, frames)

    def _generation_of(self, low_bits: int) -> int | None:
        candidates = [self.generation, self.generation - 1]
        if not self.initiator:
            candidates.append(self.generation + 1)
        for candidate in candidates:
            if candidate >= 0 and candidate % 4 == low_bits:
                return candidate
        return None
