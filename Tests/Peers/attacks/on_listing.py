"""Hostile listings (PROTOCOL section 8.2): refused whole, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sealift_peer import frames as fr
from sealift_peer.content import DIRECTORY, FILE, LINK, LISTING_MAGIC, Entry
from sealift_peer.sender import Sender
from sealift_peer.wire import u8, u32, u64, varint

from .catalogue import Catalogue
from .door import OpenDoor

MTIME = 1_700_000_000


@dataclass(frozen=True)
class RawEntry:
    """The bytes of an entry that `Entry` cannot say, and what the totals should make of it."""

    data: bytes
    size: int = 0
    kind: int = FILE
    hole_bytes: int = 0

    def encode(self) -> bytes:
        return self.data


def file(path: bytes, size: int = 1, **options) -> Entry:
    return Entry(FILE, path, size=size, mtime_seconds=MTIME, **options)


def folder(path: bytes) -> Entry:
    return Entry(DIRECTORY, path)


def link(path: bytes, target: bytes) -> Entry:
    return Entry(LINK, path, target=target)


def _raw_file(path: bytes, size: int = 1, flags: int = 0, kind: int = FILE,
              nanoseconds: int = 0, holes: bytes = b"\0", path_length: int | None = None) -> RawEntry:
    length = len(path) if path_length is None else path_length
    data = u8(kind) + u8(flags) + varint(length) + path
    data += varint(size) + u64(MTIME) + u32(nanoseconds) + holes
    return RawEntry(data, size)


def _deep(depth: int) -> list[Entry]:
    return [folder(b"/".join([b"d"] * n)) for n in range(1, depth + 1)]


def _after(*entries: Entry | RawEntry) -> list:
    """A harmless entry first, so that a receiver that writes as it reads is caught."""
    return [file(b"!first"), *entries]


PIECE = 262_144

LISTINGS: dict[str, list[list]] = {
    "dotdot": [_after(file(b"../evil")), _after(file(b".."))],
    "dotdot-inside": [_after(folder(b"a"), folder(b"a/.."), file(b"a/../evil")),
                      _after(folder(b"a"), file(b"a/../../evil"))],
    "dot": [_after(file(b".")), _after(folder(b"a"), file(b"a/./evil"))],
    "absolute": [[file(b"/tmp/evil")], [file(b"//evil")], [folder(b"/")]],
    "empty-component": [_after(folder(b"a"), file(b"a//evil")), _after(folder(b"a/"))],
    "private-folder": [_after(folder(b".sealift"), file(b".sealift/evil")),
                       _after(folder(b"a"), file(b"a/.sealift")), _after(file(b".sealift")),
                       _after(file(b".SeaLift")), _after(file(b".sealift. ."))],
    "escape-codes": [_after(file(b"a\x1b[31mred")), _after(file(b"a\x1b]0;title\x07"))],
    "newline": [_after(file(b"a\nb")), _after(file(b"a\rb"))],
    "nul": [_after(file(b"a\0b"))],
    "delete-character": [_after(file(b"a\x7fb"))],
    "c1-character": [_after(file("a\u0085b".encode())), _after(file("a\u009bb".encode()))],
    "line-separator": [_after(file("a\u2028b".encode())), _after(file("a\u2029b".encode()))],
    "not-utf8": [_after(file(b"a\xff")), _after(file(b"a\xc0\xaf")), _after(file(b"a\xed\xa0\x80"))],
    "empty-path": [[file(b"")]],
    "long-component": [_after(file(b"a" * 256))],
    "long-path": [_after(file(b"/".join([b"a" * 250] * 17)))],
    "path-length-lies": [_after(_raw_file(b"a", path_length=2**62 - 1)),
                         _after(_raw_file(b"a", path_length=4_097))],
    "too-deep": [_deep(257)],
    "duplicate": [[file(b"a"), file(b"a")], [folder(b"a"), file(b"a")]],
    "out-of-order": [[file(b"b"), file(b"a")], [folder(b"a"), file(b"a.b"), file(b"a/b")]],
    "missing-parent": [_after(file(b"a/b")), _after(folder(b"a"), file(b"a/b/c"))],
    "parent-is-file": [_after(file(b"a"), file(b"a/b"))],
    "parent-is-link": [_after(folder(b"top"), folder(b"top/d"), link(b"top/l", b"d"),
                              file(b"top/l/evil"))],
    "size-beyond-bound": [_after(_raw_file(b"a", size=2**57)), _after(_raw_file(b"a", size=2**56 + 1)),
                          _after(_raw_file(b"a", size=2**62 - 1))],
    "sum-beyond-bound": [[file(b"f%03d" % n, 2**56) for n in range(65)]],
    "nanoseconds": [_after(_raw_file(b"a", nanoseconds=10**9))],
    "unknown-kind": [_after(_raw_file(b"a", kind=kind)) for kind in (0, 4, 255)],
    "unknown-flags": [_after(_raw_file(b"a", flags=flags)) for flags in (2, 0x80)],
    "executable-folder": [_after(RawEntry(u8(DIRECTORY) + u8(1) + varint(1) + b"a", kind=DIRECTORY))],
    "hole-past-the-end": [
        _after(replace(file(b"a", PIECE), holes=((0, 2),))),
        _after(replace(file(b"a", PIECE + 1), holes=((0, 2),))),
        _after(_raw_file(b"a", PIECE, holes=varint(1) + varint(2**62 - 1) + varint(2**62 - 1))),
    ],
    "hole-partial-piece": [_after(replace(file(b"a", PIECE + 1), holes=((1, 1),)))],
    "hole-empty": [_after(_raw_file(b"a", 4 * PIECE, holes=varint(1) + varint(0) + varint(0)))],
    "hole-adjacent": [
        _after(_raw_file(b"a", 4 * PIECE, holes=varint(2) + (varint(0) + varint(1)) * 2))
    ],
    "hole-count": [
        _after(_raw_file(b"a", 2**40, holes=varint(4_097) + (varint(1) + varint(1)) * 4_097)),
        _after(_raw_file(b"a", 2**40, holes=varint(2**62 - 1))),
    ],
    "cut-entry": [_after(RawEntry(file(b"a").encode()[:-1], 1)), _after(RawEntry(b"\1", 0))],
    "link-absolute": [_after(link(b"l", b"/etc/passwd")),
                      _after(folder(b"top"), link(b"top/l", b"/etc/passwd"))],
    "link-escaping": [
        _after(folder(b"top"), link(b"top/l", b"../../etc/passwd")),
        _after(folder(b"top"), link(b"top/l", b"..")),
        _after(folder(b"top"), link(b"top/l", b"../other")),
        _after(folder(b"top"), link(b"top/l", b"x/../../y")),
        _after(link(b"l", b"other")),
        _after(folder(b"top"), folder(b"top/d"), link(b"top/l", b"d/../d")),
    ],
    "link-target-characters": [_after(folder(b"top"), link(b"top/l", b"a\x1b[2J")),
                               _after(folder(b"top"), link(b"top/l", b""))],
}


class ListingSender(Sender):
    """Offers a listing of made-up entries, with totals that agree with it."""

    entries: list = []
    magic = LISTING_MAGIC

    def make_listing(self) -> bytes:
        return self.magic + b"".join(entry.encode() for entry in self.entries)

    def offer(self):
        honest = super().offer()
        files = [entry for entry in self.entries if entry.kind == FILE]
        total = min(sum(entry.size for entry in files), 2**62 - 1)
        holes = sum(entry.hole_bytes for entry in files)
        return replace(
            honest, entries=len(self.entries), files=len(files), total_bytes=total,
            data_bytes=max(0, total - holes),
        )


def register(catalogue: Catalogue) -> None:
    for name, listings in LISTINGS.items():
        for index, entries in enumerate(listings):
            suffix = f"-{index + 1}" if len(listings) > 1 else ""
            catalogue.attack(f"listing-{name}{suffix}", "violation")(_offering(entries))
    catalogue.attack("listing-magic", "violation")(_offering(_after(), magic=b"SLL2"))
    catalogue.attack("listing-without-magic", "violation")(_offering([], magic=b""))


def _offering(entries: list, **options) -> Callable[[OpenDoor], None]:
    kind = type("Offering", (ListingSender,), {"entries": entries, **options})

    def run(door: OpenDoor) -> None:
        door.serve_expecting(kind, fr.VIOLATION)

    return run


