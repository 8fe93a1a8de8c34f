"""Messages on the control stream (PROTOCOL section 7.1)."""

from __future__ import annotations

from dataclasses import dataclass

from .wire import Reader, Violation, u8, varint

MAX_MESSAGE = 65_536

OFFER, REFUSE, CLAIM, CLAIMED, REQUEST, HASH_REQUEST, SKIP = range(1, 8)
ZERO, FILE_ROOT, FILE_FAILED, COMPLETE, CONFIRM = range(8, 13)

FROM_SENDER = {OFFER, REFUSE, CLAIMED, ZERO, FILE_ROOT, FILE_FAILED, CONFIRM}
FROM_RECEIVER = {CLAIM, REQUEST, HASH_REQUEST, SKIP, COMPLETE}

ALREADY_USED, EXPIRED, WITHDRAWN, REFUSED_INTERNAL = range(1, 5)
VANISHED, CHANGED, UNREADABLE = range(1, 4)


def frame_message(kind: int, body: bytes = b"") -> bytes:
    """A message as it stands on the stream; the length counts the type byte and the body."""
    return varint(1 + len(body)) + u8(kind) + body


@dataclass(frozen=True)
class Offer:
    claim: int
    listing_length: int
    listing_root: bytes
    entries: int
    files: int
    total_bytes: int
    data_bytes: int

    def body(self) -> bytes:
        return (
            u8(self.claim) + varint(self.listing_length) + self.listing_root
            + varint(self.entries) + varint(self.files) + varint(self.total_bytes)
            + varint(self.data_bytes)
        )

    @staticmethod
    def parse(body: bytes) -> Offer:
        r = Reader(body)
        offer = Offer(
            r.u8(), r.varint(), r.take(32), r.varint(), r.varint(), r.varint(), r.varint()
        )
        r.finish()
        if offer.claim > 1:
            raise Violation("offer: claim")
        if offer.listing_length > 2**40 or offer.entries > 2**32 or offer.total_bytes > 2**62 - 1:
            raise Violation("offer: out of bounds")
        if offer.data_bytes > offer.total_bytes or offer.files > offer.entries:
            raise Violation("offer: totals contradict each other")
        return offer


@dataclass(frozen=True)
class Request:
    first_object: int
    file: int
    piece: int
    count: int

    def body(self) -> bytes:
        return varint(self.first_object) + varint(self.file) + varint(self.piece) + varint(
            self.count
        )

    @staticmethod
    def parse(body: bytes, limit: int) -> Request:
        r = Reader(body)
        request = Request(r.varint(), r.varint(), r.varint(), r.varint())
        r.finish()
        if not 1 <= request.count <= limit:
            raise Violation("request: count")
        return request


def parse_varints(body: bytes, count: int) -> list[int]:
    r = Reader(body)
    values = [r.varint() for _ in range(count)]
    r.finish()
    return values


def parse_file_root(body: bytes) -> tuple[int, bytes]:
    r = Reader(body)
    file, root = r.varint(), r.take(32)
    r.finish()
    return file, root


def parse_file_failed(body: bytes) -> tuple[int, int]:
    r = Reader(body)
    file, code = r.varint(), r.u8()
    r.finish()
    if not 1 <= code <= 3:
        raise Violation("file failed: code")
    return file, code


def parse_refuse(body: bytes) -> int:
    r = Reader(body)
    code = r.u8()
    r.finish()
    if not 1 <= code <= 4:
        raise Violation("refuse: code")
    return code


def parse_root(body: bytes) -> bytes:
    r = Reader(body)
    root = r.take(32)
    r.finish()
    return root


def parse_complete(body: bytes) -> tuple[bytes, int, int]:
    r = Reader(body)
    values = r.take(32), r.varint(), r.varint()
    r.finish()
    return values


def parse_empty(body: bytes) -> None:
    Reader(body).finish()
