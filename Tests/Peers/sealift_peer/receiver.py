"""A correct receiver: downloads everything a ticket offers into a folder (PROTOCOL section 7)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from . import frames as fr
from . import messages as ms
from .connection import Connection
from .content import (
    DIRECTORY,
    FILE,
    LINK,
    PIECE,
    Entry,
    decode_listing,
    manifest_root,
    piece_count,
    piece_hash,
    piece_length,
    root_of_pieces,
)
from .session import Session
from .wire import Violation

WINDOW = 96  # objects asked for and not yet here
REQUEST_RUN = 32


class Refused(Exception):
    """The sender refused: the code of section 7.1."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with code {code}")
        self.code = code


class IntegrityError(Exception):
    """Roots or hashes differ."""


@dataclass
class Report:
    root: bytes = b""
    files: int = 0
    bytes: int = 0
    failed: dict[bytes, int] = field(default_factory=dict)


@dataclass
class _Incoming:
    """A file being received."""

    entry: Entry
    hashes: list[bytes | None]
    missing: int
    stated_root: bytes | None = None
    failed: bool = False

    @property
    def is_complete(self) -> bool:
        return self.missing == 0

    @property
    def needs_stated_root(self) -> bool:
        """Whether a *file root* message has to come (section 7.3)."""
        has_data = next(self.entry.data_pieces(), None) is not None
        return len(self.hashes) > 1 and has_data and self.stated_root is None


class Receiver(Session):
    def __init__(self, connection: Connection, output: Path) -> None:
        super().__init__(connection)
        self.output = output
        self.next_object = 0
        self.wanted: dict[int, tuple[int, int]] = {}  # object → (file, piece)
        self.entries: list[Entry] = []
        self.files: dict[int, _Incoming] = {}
        self.offer: ms.Offer | None = None

    # The steps, one after another.

    def download(self) -> Report:
        try:
            self.read_offer()
            self.fetch_listing()
            self.claim()
            self.fetch_files()
            return self.finish()
        except Violation as error:
            self.connection.close(fr.VIOLATION, str(error))
            self.connection.linger()
            raise

    def read_offer(self) -> ms.Offer:
        kind, body = self.next_message()
        if kind == ms.REFUSE:
            raise Refused(ms.parse_refuse(body))
        if kind != ms.OFFER:
            raise Violation("the first message is neither offer nor refuse")
        self.offer = ms.Offer.parse(body)
        return self.offer

    def request(self, file: int, piece: int, lengths: list[int],
                wanted: list[tuple[int, int]]) -> None:
        first = self.next_object
        for length, place in zip(lengths, wanted, strict=True):
            self.connection.expect_object(self.next_object, 32 + length)
            self.wanted[self.next_object] = place
            self.next_object += 1
        self.connection.send_message(
            ms.REQUEST, ms.Request(first, file, piece, len(lengths)).body()
        )

    def fetch_listing(self) -> list[Entry]:
        assert self.offer is not None
        length = self.offer.listing_length
        count = piece_count(length)
        pieces: dict[int, bytes] = {}
        hashes: dict[int, bytes] = {}
        asked = 0
        while len(pieces) < count:
            while asked < count and len(self.wanted) < WINDOW:
                run = min(REQUEST_RUN, count - asked)
                self.request(
                    0, asked, [piece_length(length, asked + i) for i in range(run)],
                    [(0, asked + i) for i in range(run)],
                )
                asked += run
            self.step()
            if self.connection.messages:
                raise Violation("a message while the listing is coming")
            while self.connection.objects:
                object_id, data = self.connection.objects.popleft()
                _, piece = self.wanted.pop(object_id)
                hashes[piece], pieces[piece] = self._check(data, length)
        if root_of_pieces([hashes[i] for i in range(count)]) != self.offer.listing_root:
            self._fail_integrity("the listing's root")
        self.entries = decode_listing(b"".join(pieces[i] for i in range(count)))
        self._check_totals()
        return self.entries

    def _check_totals(self) -> None:
        assert self.offer is not None
        files = [entry for entry in self.entries if entry.kind == FILE]
        totals = (
            len(self.entries), len(files), sum(e.size for e in files),
            sum(e.size - e.hole_bytes for e in files),
        )
        offer = self.offer
        if totals != (offer.entries, offer.files, offer.total_bytes, offer.data_bytes):
            raise Violation("the listing does not add up to the offer")

    def claim(self) -> None:
        self.connection.send_message(ms.CLAIM)
        kind, body = self.next_message()
        if kind == ms.REFUSE:
            raise Refused(ms.parse_refuse(body))
        if kind != ms.CLAIMED:
            raise Violation("a claim is answered by claimed or refuse")
        ms.parse_empty(body)

    def fetch_files(self) -> None:
        self._prepare()
        plan = [
            (number, piece)
            for number, file in self.files.items()
            for piece in file.entry.data_pieces()
        ]
        at = 0
        while at < len(plan) or self.wanted or self._roots_are_missing():
            while at < len(plan) and len(self.wanted) < WINDOW:
                run = plan[at : at + REQUEST_RUN]
                at += len(run)
                lengths = [piece_length(self.files[f].entry.size, p) for f, p in run]
                self.request(*run[0], lengths, run)
            self.step()
            self._take_messages()
            self._take_objects()

    def _roots_are_missing(self) -> bool:
        return any(f.needs_stated_root and not f.failed for f in self.files.values())

    def finish(self) -> Report:
        report = Report()
        delivered: set[int] = set()
        roots: dict[int, bytes] = {}
        for number, entry in enumerate(self.entries, start=1):
            file = self.files.get(number)
            if file is not None and file.failed:
                continue
            delivered.add(number)
            if entry.kind == FILE:
                report.files += 1
                report.bytes += entry.size
            if file is not None:
                roots[number] = self._file_root(file)
        report.root = manifest_root(self.entries, delivered, roots)
        report.failed = {
            f.entry.path: number for number, f in self.files.items() if f.failed
        }
        self._publish(delivered)
        body = report.root + ms.varint(report.files) + ms.varint(report.bytes)
        self.connection.send_message(ms.COMPLETE, body)
        confirmed = ms.parse_root(self.expect_message(ms.CONFIRM))
        if confirmed != report.root:
            self._fail_integrity("the manifest root")
        self.connection.close(fr.DONE)
        self.connection.linger()
        return report

    # Pieces.

    def _check(self, data: bytes, length: int) -> tuple[bytes, bytes]:
        stated, content = data[:32], data[32:]
        if piece_hash(content, length) != stated:
            self._fail_integrity("a piece's hash")
        return stated, content

    def _fail_integrity(self, what: str) -> None:
        self.connection.close(fr.INTEGRITY, f"{what} is wrong")
        self.connection.linger()
        raise IntegrityError(what)

    def _file_root(self, file: _Incoming) -> bytes:
        root = root_of_pieces([h for h in file.hashes if h is not None])
        if file.stated_root not in (None, root):
            self._fail_integrity("a file's root")
        return root

    def _take_objects(self) -> None:
        while self.connection.objects:
            object_id, data = self.connection.objects.popleft()
            if object_id not in self.wanted:
                continue  # Withdrawn by *file failed* while it waited here.
            number, piece = self.wanted.pop(object_id)
            file = self.files[number]
            stated, content = self._check(data, file.entry.size)
            self._store(number, piece, stated, content)

    def _store(self, number: int, piece: int, stated: bytes, content: bytes) -> None:
        file = self.files[number]
        if file.hashes[piece] is None:
            file.missing -= 1
        file.hashes[piece] = stated
        with open(self._staging / str(number), "r+b") as out:
            out.seek(piece * PIECE)
            out.write(content)

    def _take_messages(self) -> None:
        while self.connection.messages:
            kind, body = self.connection.messages.popleft()
            if kind == ms.ZERO:
                self._take_zeros(*ms.parse_varints(body, 2))
            elif kind == ms.FILE_ROOT:
                number, root = ms.parse_file_root(body)
                self._file(number).stated_root = root
            elif kind == ms.FILE_FAILED:
                number, _ = ms.parse_file_failed(body)
                self._file(number).failed = True
                for object_id in [o for o, (f, _) in self.wanted.items() if f == number]:
                    self.connection.forget_object(object_id)
                    del self.wanted[object_id]
            else:
                raise Violation(f"message {kind:#04x} while files are coming")

    def _file(self, number: int) -> _Incoming:
        if number not in self.files:
            raise Violation("a message about a file that is not coming")
        return self.files[number]

    def _take_zeros(self, first: int, count: int) -> None:
        if count > len(self.wanted):
            raise Violation("zero: more than was asked for")
        for object_id in range(first, first + count):
            if object_id not in self.wanted:
                raise Violation("zero: object not waiting")
            number, piece = self.wanted.pop(object_id)
            self.connection.forget_object(object_id)
            size = self.files[number].entry.size
            zeros = bytes(piece_length(size, piece))
            self._store(number, piece, piece_hash(zeros, size), zeros)

    # Disk.

    @property
    def _staging(self) -> Path:
        return self.output / ".sealift"

    def _prepare(self) -> None:
        self._staging.mkdir(parents=True, exist_ok=True)
        for number, entry in enumerate(self.entries, start=1):
            if entry.kind != FILE:
                continue
            with open(self._staging / str(number), "wb") as out:
                out.truncate(entry.size)
            if entry.size == 0:
                continue
            hashes: list[bytes | None] = [None] * piece_count(entry.size)
            for first, count in entry.holes:
                hole = piece_hash(bytes(PIECE), entry.size)
                hashes[first : first + count] = [hole] * count
            self.files[number] = _Incoming(entry, hashes, hashes.count(None))

    def _publish(self, delivered: set[int]) -> None:
        for number, entry in enumerate(self.entries, start=1):
            place = self.output / os.fsdecode(entry.path)
            if entry.kind == DIRECTORY:
                place.mkdir(exist_ok=True)
            elif entry.kind == LINK:
                place.symlink_to(os.fsdecode(entry.target))
            elif number in delivered:
                os.link(self._staging / str(number), place)
                place.chmod(0o755 if entry.executable else 0o644)
                stamp = entry.mtime_seconds * 10**9 + entry.mtime_nanoseconds
                os.utime(place, ns=(stamp, stamp))
            if entry.kind == FILE:
                (self._staging / str(number)).unlink()
        self._staging.rmdir()


