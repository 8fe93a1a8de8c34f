"""The door at which a hostile sender waits for a live `sealift receive`."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from pathlib import Path

from sealift_peer.device import Device
from sealift_peer.dial import Door, open_socket
from sealift_peer.handshake import Doorman
from sealift_peer.messages import OFFER
from sealift_peer.sender import Sender, Source
from sealift_peer.ticket import Ticket

from .catalogue import Memory, expect_close

PIECE = 262_144


def make_tree(root: Path) -> Path:
    """A small tree: files of one byte, of one piece and of several, one of them with zeros."""
    tree = root / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "a").write_bytes(b"a")
    (tree / "b").write_bytes(os.urandom(3 * PIECE + 7))
    (tree / "c").write_bytes(os.urandom(1_000))
    (tree / "sub" / "d").write_bytes(bytes(PIECE) + os.urandom(PIECE) + bytes(9))
    return tree


class OpenDoor:
    """Prints a ticket, and serves whoever dials it in whatever way an attack wants."""

    doorman_type = Doorman

    def __init__(self, process: int | None = None) -> None:
        self.device = Device()
        self.secret = os.urandom(32)
        self.process = process
        self.sock = open_socket(socket.AF_INET, ("127.0.0.1", 0))
        self._folder = tempfile.TemporaryDirectory(prefix="sealift-peer-")
        self.source = Source([make_tree(Path(self._folder.name))])

    def ticket(self, fingerprint: bytes | None = None) -> Ticket:
        return Ticket(
            self.secret, fingerprint or self.device.fingerprint, int(time.time()) + 3_600,
            (self.sock.getsockname(),),
        )

    def door(self) -> Door:
        return Door(self.sock, self.doorman_type(self.secret, self.device))

    def sender(self, kind: type[Sender] = Sender, timeout: float = 30.0) -> Sender:
        return kind(self.door().accept(timeout), self.source)

    def serve_expecting(self, kind: type[Sender], *codes: int, timeout: float = 15.0) -> None:
        """Serves with the tricks of `kind` until the receiver closes with one of the codes."""
        sender = self.sender(kind)
        sender.connection.send_message(OFFER, sender.offer().body())
        expect_close(sender, *codes, timeout=timeout, turn=sender.turn)

    def memory(self) -> Memory:
        return Memory(self.process)

