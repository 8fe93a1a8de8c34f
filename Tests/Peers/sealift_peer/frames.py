"""Frames (PROTOCOL section 6)."""

from __future__ import annotations

from dataclasses import dataclass

from .wire import Reader, Violation, u8, varint

PADDING, PING, ACK, ACK_ECN, OBJECT, CONTROL, CREDIT = range(7)
PATH_CHALLENGE, PATH_RESPONSE = 0x07, 0x08
RATCHET_OFFER, RATCHET_ANSWER = 0x09, 0x0A
IMMEDIATE_ACK, ACK_FREQUENCY, CLOSE = 0x0B, 0x0C, 0x0D

MAX_ACK_RANGES = 64
MAX_REASON = 128

DONE, VIOLATION, INTERNAL, INTERRUPTED, DECLINED = range(5)
REFUSED, INTEGRITY, STORAGE, KEY_EXHAUSTED = range(5, 9)


@dataclass(frozen=True)
class Ping:
    def encode(self) -> bytes:
        return u8(PING)


@dataclass(frozen=True)
class ImmediateAck:
    def encode(self) -> bytes:
        return u8(IMMEDIATE_ACK)


@dataclass(frozen=True)
class Ack:
    """`ranges` are (first, last), inclusive, the highest first."""

    sequence: int
    delay_us: int
    ranges: tuple[tuple[int, int], ...]

    def encode(self) -> bytes:
        first, last = self.ranges[0]
        out = u8(ACK) + varint(self.sequence) + varint(last) + varint(self.delay_us)
        out += varint(len(self.ranges) - 1) + varint(last - first)
        smallest = first
        for first, last in self.ranges[1:]:
            out += varint(smallest - last - 2) + varint(last - first)
            smallest = first
        return out

    @staticmethod
    def decode(reader: Reader, with_ecn: bool) -> Ack:
        sequence, last, delay = reader.varint(), reader.varint(), reader.varint()
        count = reader.varint()
        if count > MAX_ACK_RANGES:
            raise Violation("ACK with more than 64 ranges")
        first = last - reader.varint()
        ranges = [(first, last)]
        for _ in range(count):
            last = first - reader.varint() - 2
            first = last - reader.varint()
            ranges.append((first, last))
        if ranges[-1][0] < 0:
            raise Violation("ACK range below zero")
        if with_ecn:
            for _ in range(3):
                reader.varint()
        return Ack(sequence, delay, tuple(ranges))


@dataclass(frozen=True)
class ObjectData:
    object_id: int
    offset: int
    data: bytes

    def encode(self) -> bytes:
        head = u8(OBJECT) + varint(self.object_id) + varint(self.offset)
        return head + varint(len(self.data)) + self.data


@dataclass(frozen=True)
class ControlData:
    offset: int
    data: bytes

    def encode(self) -> bytes:
        return u8(CONTROL) + varint(self.offset) + varint(len(self.data)) + self.data


@dataclass(frozen=True)
class Credit:
    limit: int

    def encode(self) -> bytes:
        return u8(CREDIT) + varint(self.limit)


@dataclass(frozen=True)
class PathChallenge:
    data: bytes

    def encode(self) -> bytes:
        return u8(PATH_CHALLENGE) + self.data


@dataclass(frozen=True)
class PathResponse:
    data: bytes

    def encode(self) -> bytes:
        return u8(PATH_RESPONSE) + self.data


@dataclass(frozen=True)
class RatchetPart:
    """One part of an offer or an answer (section 6.8)."""

    is_offer: bool
    number: int
    index: int
    count: int
    data: bytes

    def encode(self) -> bytes:
        kind = RATCHET_OFFER if self.is_offer else RATCHET_ANSWER
        head = u8(kind) + varint(self.number) + u8(self.index * 16 + self.count)
        return head + len(self.data).to_bytes(2, "big") + self.data

    @staticmethod
    def decode(reader: Reader, is_offer: bool) -> RatchetPart:
        number = reader.varint()
        index, count = divmod(reader.u8(), 16)
        length = reader.u16()
        if not 1 <= count <= 4 or index >= count or length > 640:
            raise Violation("ratchet part")
        return RatchetPart(is_offer, number, index, count, reader.take(length))


@dataclass(frozen=True)
class AckFrequency:
    sequence: int
    packets: int
    delay_us: int

    def encode(self) -> bytes:
        return u8(ACK_FREQUENCY) + varint(self.sequence) + varint(self.packets) + varint(
            self.delay_us
        )


@dataclass(frozen=True)
class Close:
    code: int
    reason: str = ""

    def encode(self) -> bytes:
        reason = self.reason.encode()[:MAX_REASON]
        return u8(CLOSE) + varint(self.code) + varint(len(reason)) + reason


Frame = (
    Ping | ImmediateAck | Ack | ObjectData | ControlData | Credit | PathChallenge | PathResponse
    | RatchetPart | AckFrequency | Close
)


def is_ack_eliciting(frame: Frame) -> bool:
    return not isinstance(frame, (Ack, Close))


def is_retransmittable(frame: Frame) -> bool:
    """Frames whose content has to arrive; the others are of their moment."""
    return isinstance(frame, (ObjectData, ControlData, Credit, RatchetPart, AckFrequency))


def decode_frames(data: bytes) -> list[Frame]:
    reader = Reader(data)
    frames: list[Frame] = []
    while not reader.at_end:
        kind = reader.u8()
        if kind == PADDING:
            continue
        frames.append(_decode_one(kind, reader))
    return frames


def _decode_one(kind: int, reader: Reader) -> Frame:
    match kind:
        case 0x01:
            return Ping()
        case 0x02 | 0x03:
            return Ack.decode(reader, with_ecn=kind == ACK_ECN)
        case 0x04:
            object_id, offset, length = reader.varint(), reader.varint(), reader.varint()
            return ObjectData(object_id, offset, reader.take(length))
        case 0x05:
            offset, length = reader.varint(), reader.varint()
            return ControlData(offset, reader.take(length))
        case 0x06:
            return Credit(reader.varint())
        case 0x07:
            return PathChallenge(reader.take(8))
        case 0x08:
            return PathResponse(reader.take(8))
        case 0x09 | 0x0A:
            return RatchetPart.decode(reader, is_offer=kind == RATCHET_OFFER)
        case 0x0B:
            return ImmediateAck()
        case 0x0C:
            frame = AckFrequency(reader.varint(), reader.varint(), reader.varint())
            if not 1 <= frame.packets <= 1_024 or frame.delay_us > 1_000_000:
                raise Violation("ACK frequency out of range")
            return frame
        case 0x0D:
            code, length = reader.varint(), reader.varint()
            if length > MAX_REASON:
                raise Violation("close reason too long")
            try:
                return Close(code, reader.take(length).decode())
            except UnicodeDecodeError as error:
                raise Violation("close reason is not UTF-8") from error
    raise Violation(f"frame type {kind:#04x}")
