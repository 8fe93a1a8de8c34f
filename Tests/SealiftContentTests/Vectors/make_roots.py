#!/usr/bin/env python3
"""Writes roots.json: file roots and piece layers as libtorrent (pip install libtorrent) sees them.

Content of length n: byte i is ((i ^ (i >> 8) ^ (i >> 16)) * 167 + 13) mod 256.
Roots come from the `file tree`, piece hashes from the `piece layers` of a v2-only torrent
(BEP 52) with pieces of 256 KiB. An empty file has no root, by definition. Run it in this folder.
"""

import json
import os
import tempfile

import libtorrent as lt

PIECE = 262144
LENGTHS = [0, 1, 16383, 16384, 16385, 32768, 49159, 131073, 262143, 262144, 262145,
           262144 + 16385, 3 * PIECE, 17 * PIECE + 1]


def content(length):
    return bytes((((i ^ (i >> 8) ^ (i >> 16)) * 167) + 13) & 255 for i in range(length))


def vector(length, folder):
    path = os.path.join(folder, f"file-{length}")
    with open(path, "wb") as file:
        file.write(content(length))
    storage = lt.file_storage()
    lt.add_files(storage, path)
    torrent = lt.create_torrent(storage, PIECE, lt.create_torrent.v2_only)
    lt.set_piece_hashes(torrent, folder)
    made = torrent.generate()
    (entry,) = made[b"info"][b"file tree"].values()
    root = entry[b""].get(b"pieces root", b"")
    layer = made.get(b"piece layers", {}).get(root, b"")
    hashes = [layer[i:i + 32].hex() for i in range(0, len(layer), 32)]
    return {"length": length, "root": root.hex() or None, "pieces": hashes}


with tempfile.TemporaryDirectory() as folder:
    vectors = [{"length": 0, "root": None, "pieces": []}]
    vectors += [vector(length, folder) for length in LENGTHS if length > 0]

with open("roots.json", "w") as out:
    json.dump({"about": f"BEP 52 roots by libtorrent {lt.version}; see make_roots.py",
               "vectors": vectors}, out, indent=1)
    out.write("\n")
