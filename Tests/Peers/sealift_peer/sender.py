"""A correct sender: serves files and folders to the holder of its ticket (PROTOCOL section 7)."""

from __future__ import annotations

import os
import stat
from collections import deque
from pathlib import Path

from . import frames as fr
from . import messages as ms
from .connection import Connection
from .content import (
    DIRECTORY,
    FILE,
    PIECE,
    Entry,
    encode_listing,
    manifest_root,
    piece_count,
    piece_hash,
    root_of_pieces,
    tree_root,
)
from .session import Closed, Session, TimedOut
from .wire import Violation, varint

OBJECTS_WAITING_MAX = 2**20
QUEUED_BYTES = 4 * 1024 * 1024


class IntegrityError(Exception):
    """The receiver's manifest root is another one."""


class Source:
    """The listing of some paths, and their bytes."""

    def __init__(self, roots: list[Path]) -> None:
        found: list[tuple[list[bytes], Entry, Path]] = []
        for root in roots:
            self._scan(root, [os.fsencode(root.resolve().name)], found)
        found.sort(key=lambda item: item[0])
        self.entries = [entry for _, entry, _ in found]
        self.paths = [path for _, _, path in found]

    def _scan(self, path: Path, components: list[bytes], found: list) -> None:
        info = path.lstat()
        name = b"/".join(components)
        if stat.S_ISDIR(info.st_mode):
            found.append((components, Entry(DIRECTORY, name), path))
            for child in path.iterdir():
                self._scan(child, components + [os.fsencode(child.name)], found)
        elif stat.S_ISREG(info.st_mode):
            seconds, nanoseconds = divmod(info.st_mtime_ns, 10**9)
            entry = Entry(
                FILE, name, bool(info.st_mode & 0o111), info.st_size, seconds, nanoseconds,
                find_holes(path, info.st_size),
            )
            found.append((components, entry, path))

    def listing(self) -> bytes:
        return encode_listing(self.entries)

    def read(self, number: int, piece: int) -> bytes:
        with open(self.paths[number - 1], "rb") as file:
            file.seek(piece * PIECE)
            return file.read(PIECE)

    def root(self, number: int) -> bytes:
        size = self.entries[number - 1].size
        return root_of_pieces(
            [piece_hash(self.read(number, i), size) for i in range(piece_count(size))]
        )


def find_holes(path: Path, size: int) -> tuple[tuple[int, int], ...]:
    """Runs of whole pieces that the file system stores as holes."""
    runs = []
    with open(path, "rb") as file:
        at = 0
        while at < size:
            try:
                data = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                data = size
            first, end = -(-at // PIECE), data // PIECE
            if end > first:
                runs.append((first, end - first))
            if data >= size:
                break
            at = os.lseek(file.fileno(), data, os.SEEK_HOLE)
    return tuple(runs)


class Sender(Session):
    """Serves one session. What it states is in methods, so that the hostile sender can lie."""

    def __init__(self, connection: Connection, source: Source, is_claimed: bool = False) -> None:
        super().__init__(connection)
        self.source = source
        self.is_claimed = is_claimed
        self.listing = self.make_listing()
        self.next_object = 0
        self.waiting: deque[tuple[int, int, int]] = deque()  # object, file (or −1), piece
        self.hash_objects: dict[int, tuple[int, int, int]] = {}
        self.skipped: set[int] = set()
        self.rooted: set[int] = set()
        self.is_done = False

    # What is stated.

    def make_listing(self) -> bytes:
        return self.source.listing()

    def offer(self) -> ms.Offer:
        files = [entry for entry in self.source.entries if entry.kind == FILE]
        return ms.Offer(
            1 if self.is_claimed else 0, len(self.listing), tree_root(self.listing),
            len(self.source.entries), len(files), sum(e.size for e in files),
            sum(e.size - e.hole_bytes for e in files),
        )

    def piece_object(self, file: int, piece: int) -> bytes:
        if file == 0:
            data = self.listing[piece * PIECE : (piece + 1) * PIECE]
            return piece_hash(data, len(self.listing)) + data
        data = self.source.read(file, piece)
        return piece_hash(data, self.source.entries[file - 1].size) + data

    def send_piece(self, object_id: int, file: int, piece: int) -> None:
        data = self.piece_object(file, piece)
        is_whole = len(data) == 32 + PIECE
        if file and is_whole and not any(data[32:]):
            self.connection.send_message(ms.ZERO, varint(object_id) + varint(1))
        else:
            self.connection.send_object(object_id, data)

    def file_root(self, file: int) -> bytes:
        return self.source.root(file)

    def confirm(self, root: bytes) -> bytes:
        delivered = {
            number for number in range(1, len(self.source.entries) + 1)
            if number not in self.skipped
        }
        roots = {
            number: self.source.root(number)
            for number in delivered
            if self.source.entries[number - 1].kind == FILE
        }
        return manifest_root(self.source.entries, delivered, roots)

    # Serving.

    def refuse(self, code: int) -> None:
        self.connection.send_message(ms.REFUSE, ms.u8(code))
        try:
            self.settle(1.0)
        except Closed:
            return
        self.connection.close(fr.REFUSED)
        self.connection.linger(0.1)

    def serve(self, timeout: float = 60.0) -> None:
        """Returns when the receiver has the whole; raises what else ends the session."""
        self.connection.send_message(ms.OFFER, self.offer().body())
        try:
            self.run_until(self.turn, timeout)
            self.run_until(lambda: False, 5.0)
        except Closed as closed:
            if not self.is_done or closed.close.code != fr.DONE:
                raise
        except TimedOut:
            if not self.is_done:
                raise
        self.connection.close(fr.DONE)
        self.connection.linger(0.1)

    def turn(self) -> bool:
        while self.connection.messages:
            try:
                self.take_message(*self.connection.messages.popleft())
            except Violation as error:
                self.connection.close(fr.VIOLATION, str(error))
                raise
        while self.waiting and self.connection.outgoing_bytes < QUEUED_BYTES:
            self._answer(*self.waiting.popleft())
        return self.is_done

    def take_message(self, kind: int, body: bytes) -> None:
        match kind:
            case ms.CLAIM:
                ms.parse_empty(body)
                self.is_claimed = True
                self.connection.send_message(ms.CLAIMED)
            case ms.REQUEST:
                self._take_request(ms.Request.parse(body, 65_536))
            case ms.HASH_REQUEST:
                self._take_hash_request(ms.Request.parse(body, 8_192))
            case ms.SKIP:
                first, count = ms.parse_varints(body, 2)
                if first < 1 or first + count - 1 > len(self.source.entries):
                    raise Violation("skip: no such entries")
                self.skipped.update(range(first, first + count))
            case ms.COMPLETE:
                if not self.is_claimed:
                    raise Violation("complete before claim")
                self._take_complete(*ms.parse_complete(body))
            case _:
                raise Violation(f"message {kind:#04x} from a receiver")

    def _entry_with_pieces(self, file: int) -> Entry:
        if not 1 <= file <= len(self.source.entries):
            raise Violation("no such file")
        entry = self.source.entries[file - 1]
        if entry.kind != FILE or entry.size == 0:
            raise Violation("a file without pieces")
        return entry

    def _take_request(self, request: ms.Request) -> None:
        if request.first_object != self.next_object:
            raise Violation("object ids go up by one")
        if request.file and not self.is_claimed:
            raise Violation("request before claim")
        if len(self.waiting) + request.count > OBJECTS_WAITING_MAX:
            raise Violation("too many objects waiting")
        for file, piece in self._pieces_from(request):
            self.waiting.append((self.next_object, file, piece))
            self.next_object += 1

    def _pieces_from(self, request: ms.Request) -> list[tuple[int, int]]:
        if request.file == 0:
            if request.piece + request.count > piece_count(len(self.listing)):
                raise Violation("request past the listing's end")
            return [(0, request.piece + i) for i in range(request.count)]
        entry = self._entry_with_pieces(request.file)
        if request.piece >= piece_count(entry.size):
            raise Violation("request past the file's end")
        pieces: list[tuple[int, int]] = []
        for file in range(request.file, len(self.source.entries) + 1):
            entry = self.source.entries[file - 1]
            if entry.kind != FILE:
                continue
            for piece in entry.data_pieces():
                if file == request.file and piece < request.piece:
                    continue
                if len(pieces) == request.count:
                    return pieces
                pieces.append((file, piece))
        if len(pieces) < request.count:
            raise Violation("request past the last piece")
        return pieces

    def _take_hash_request(self, request: ms.Request) -> None:
        if request.first_object != self.next_object or not self.is_claimed:
            raise Violation("hash request: object id or claim")
        entry = self._entry_with_pieces(request.file)
        if request.piece + request.count > piece_count(entry.size):
            raise Violation("hash request past the file's end")
        self.hash_objects[self.next_object] = (request.file, request.piece, request.count)
        self.waiting.append((self.next_object, -1, 0))
        self.next_object += 1

    def _answer(self, object_id: int, file: int, piece: int) -> None:
        if file == -1:
            number, first, count = self.hash_objects.pop(object_id)
            size = self.source.entries[number - 1].size
            hashes = [
                piece_hash(self.source.read(number, first + i), size) for i in range(count)
            ]
            self.connection.send_object(object_id, b"".join(hashes))
            return
        self.send_piece(object_id, file, piece)
        if file == 0 or file in self.rooted:
            return
        entry = self.source.entries[file - 1]
        count = piece_count(entry.size)
        if count > 1 and piece == max(entry.data_pieces()):
            self.rooted.add(file)
            self.connection.send_message(ms.FILE_ROOT, varint(file) + self.file_root(file))

    def _take_complete(self, root: bytes, files: int, total: int) -> None:
        own = self.confirm(root)
        self.connection.send_message(ms.CONFIRM, own)
        if own != root:
            self.settle(0.2)
            self.connection.close(fr.INTEGRITY, "manifest roots differ")
            self.connection.linger()
            raise IntegrityError
        self.is_done = True


