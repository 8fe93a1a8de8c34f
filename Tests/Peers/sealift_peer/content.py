"""The content tree, the listing, the manifest (PROTOCOL section 8)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from .primitives import sha256
from .wire import Reader, Violation, u8, u32, u64, varint

BLOCK = 16_384
PIECE = 262_144
LEAVES_PER_PIECE = PIECE // BLOCK
ZERO_ROOT = bytes(32)
FILE, DIRECTORY, LINK = 1, 2, 3


# The tree (section 8.1).


def _pair_up(nodes: list[bytes]) -> bytes:
    while len(nodes) > 1:
        nodes = [sha256(nodes[i] + nodes[i + 1]) for i in range(0, len(nodes), 2)]
    return nodes[0]


def _padded(nodes: list[bytes], width: int, filler: bytes) -> list[bytes]:
    return nodes + [filler] * (width - len(nodes))


def _next_power_of_two(value: int) -> int:
    return 1 << (value - 1).bit_length()


EMPTY_PIECE_ROOT = _pair_up([ZERO_ROOT] * LEAVES_PER_PIECE)


def piece_count(length: int) -> int:
    return -(-length // PIECE)


def piece_length(length: int, index: int) -> int:
    return min(PIECE, length - index * PIECE)


def piece_hash(data: bytes, file_length: int) -> bytes:
    """The hash of one piece of a file of `file_length` bytes."""
    leaves = [sha256(data[at : at + BLOCK]) for at in range(0, len(data), BLOCK)]
    width = LEAVES_PER_PIECE if file_length > PIECE else _next_power_of_two(len(leaves))
    return _pair_up(_padded(leaves, width, ZERO_ROOT))


def root_of_pieces(hashes: list[bytes]) -> bytes:
    """The root of a file from the hashes of its pieces; zero when it has none."""
    if not hashes:
        return ZERO_ROOT
    return _pair_up(_padded(hashes, _next_power_of_two(len(hashes)), EMPTY_PIECE_ROOT))


def tree_root(data: bytes) -> bytes:
    return root_of_pieces(
        [piece_hash(data[at : at + PIECE], len(data)) for at in range(0, len(data), PIECE)]
    )


# The listing (section 8.2).


@dataclass(frozen=True)
class Entry:
    kind: int
    path: bytes
    executable: bool = False
    size: int = 0
    mtime_seconds: int = 0
    mtime_nanoseconds: int = 0
    holes: tuple[tuple[int, int], ...] = ()  # (first piece, pieces)
    target: bytes = b""

    def encode(self) -> bytes:
        out = u8(self.kind) + u8(1 if self.executable else 0)
        out += varint(len(self.path)) + self.path
        if self.kind == FILE:
            out += varint(self.size) + u64(self.mtime_seconds % 2**64)
            out += u32(self.mtime_nanoseconds) + varint(len(self.holes))
            end = 0
            for first, count in self.holes:
                out += varint(first - end) + varint(count)
                end = first + count
        elif self.kind == LINK:
            out += varint(len(self.target)) + self.target
        return out

    def data_pieces(self) -> Iterator[int]:
        """The indices of its pieces that are not holes."""
        at = 0
        for first, count in self.holes:
            yield from range(at, first)
            at = first + count
        yield from range(at, piece_count(self.size))

    @property
    def hole_bytes(self) -> int:
        return sum(count for _, count in self.holes) * PIECE


LISTING_MAGIC = b"SLL1"


def encode_listing(entries: list[Entry]) -> bytes:
    return LISTING_MAGIC + b"".join(entry.encode() for entry in entries)


def _check_text(name: bytes) -> str:
    if not 1 <= len(name) <= 4_096:
        raise Violation("path length")
    try:
        text = name.decode()
    except UnicodeDecodeError as error:
        raise Violation("path is not UTF-8") from error
    if any(unicodedata.category(c) == "Cc" or c in "\u2028\u2029" for c in text):
        raise Violation("control character in a path")
    return text


def check_path(path: bytes) -> list[bytes]:
    """The components of a path that keeps the rules."""
    _check_text(path)
    components = path.split(b"/")
    if len(components) > 256:
        raise Violation("path too deep")
    for component in components:
        if not 1 <= len(component) <= 255 or component in (b".", b".."):
            raise Violation("path component")
        if component.rstrip(b". ").lower() == b".sealift":
            raise Violation("the private folder's name, or what some file systems take for it")
    return components


def _check_target(target: bytes, components: list[bytes]) -> None:
    _check_text(target)
    if target.startswith(b"/"):
        raise Violation("absolute link target")
    place = components[:-1]
    has_name = False
    for part in target.split(b"/"):
        if part == b"..":
            if has_name or len(place) <= 1:
                raise Violation("link target leaves its top folder")
            place.pop()
        elif part not in (b"", b"."):
            has_name = True
            place.append(part)
    if not place or place[0] != components[0]:
        raise Violation("link target leaves its top folder")


def _read_holes(reader: Reader, size: int) -> tuple[tuple[int, int], ...]:
    holes = []
    end = 0
    count = reader.varint()
    if count > 4_096:
        raise Violation("holes: count")
    for index in range(count):
        gap, length = reader.varint(), reader.varint()
        if length < 1 or (index > 0 and gap < 1):
            raise Violation("holes: empty run or gap")
        first = end + gap
        end = first + length
        if end > size // PIECE:
            raise Violation("holes: past the last whole piece")
        holes.append((first, length))
    return tuple(holes)


def _read_entry(reader: Reader) -> tuple[Entry, list[bytes]]:
    kind, flags = reader.u8(), reader.u8()
    if kind not in (FILE, DIRECTORY, LINK) or flags > 1 or (flags and kind != FILE):
        raise Violation("entry kind or flags")
    path = reader.take(reader.varint())
    components = check_path(path)
    if kind == DIRECTORY:
        return Entry(kind, path), components
    if kind == LINK:
        target = reader.take(reader.varint())
        _check_target(target, components)
        return Entry(kind, path, target=target), components
    size, seconds, nanoseconds = reader.varint(), reader.u64(), reader.u32()
    if size > 2**56 or nanoseconds >= 10**9:
        raise Violation("file size or time")
    if seconds >= 2**63:
        seconds -= 2**64
    holes = _read_holes(reader, size)
    return Entry(kind, path, flags == 1, size, seconds, nanoseconds, holes), components


def decode_listing(data: bytes) -> list[Entry]:
    reader = Reader(data)
    if reader.take(4) != LISTING_MAGIC:
        raise Violation("listing magic")
    entries: list[Entry] = []
    directories: set[bytes] = set()
    last: list[bytes] = []
    while not reader.at_end:
        entry, components = _read_entry(reader)
        if components <= last:
            raise Violation("listing order")
        if len(components) > 1 and b"/".join(components[:-1]) not in directories:
            raise Violation("parent is not a directory before its entry")
        if entry.kind == DIRECTORY:
            directories.add(entry.path)
        last = components
        entries.append(entry)
    return entries


# The manifest (section 8.3).


def manifest_root(entries: list[Entry], delivered: set[int], roots: dict[int, bytes]) -> bytes:
    """`delivered` and `roots` go by entry number, the first entry being 1."""
    records = bytearray()
    for number, entry in enumerate(entries, start=1):
        if number not in delivered:
            continue
        length, root = 0, ZERO_ROOT
        if entry.kind == FILE and entry.size:
            length, root = entry.size, roots[number]
        elif entry.kind == LINK:
            length, root = len(entry.target), tree_root(entry.target)
        records += u8(entry.kind) + u8(1 if entry.executable else 0)
        records += varint(len(entry.path)) + entry.path + u64(length) + root
    return tree_root(bytes(records))
