"""A live `sealift send` as an attacker with its ticket sees it."""

from __future__ import annotations

import socket
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from sealift_peer import frames as fr
from sealift_peer.device import Device
from sealift_peer.dial import dial, dialable, open_socket, receive_one
from sealift_peer.handshake import InitiatorHandshake
from sealift_peer.receiver import Receiver
from sealift_peer.ticket import Ticket

from .catalogue import Memory, Unexpected

SILENCE = 0.6


@dataclass
class Target:
    ticket: Ticket
    device: Device
    process: int | None = None
    output: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="sealift-peer-")))

    def memory(self) -> Memory:
        return Memory(self.process)

    # In a session.

    def connect(self, timeout: float = 15.0) -> Receiver:
        return Receiver(dial(self.ticket, self.device, timeout), self.output)

    def offered(self) -> Receiver:
        receiver = self.connect()
        receiver.read_offer()
        return receiver

    def listed(self) -> Receiver:
        receiver = self.offered()
        receiver.fetch_listing()
        return receiver

    def claimed(self) -> Receiver:
        receiver = self.listed()
        receiver.claim()
        return receiver

    def expect_service(self) -> None:
        """The sender still serves a correct receiver."""
        receiver = self.offered()
        receiver.connection.close(fr.INTERRUPTED)
        receiver.connection.linger(0.1)

    # Before a session.

    def handshake(self, handshake_type: type[InitiatorHandshake] = InitiatorHandshake,
                  secret: bytes | None = None) -> InitiatorHandshake:
        return handshake_type(secret or self.ticket.secret, self.ticket.fingerprint, self.device)

    def line(self) -> Line:
        family, addresses = dialable(self.ticket)
        return Line(open_socket(family), addresses[0])


@dataclass
class Line:
    """A bare socket to the sender."""

    sock: socket.socket
    address: tuple[str, int]

    def send(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self.sock.sendto(datagram, self.address)

    def receive(self, timeout: float) -> bytes | None:
        came = receive_one(self.sock, timeout)
        return came[0] if came else None

    def collect(self, count: int, timeout: float = 3.0) -> list[bytes]:
        """`count` datagrams, or as many as come in time."""
        deadline = time.monotonic() + timeout
        got: list[bytes] = []
        while len(got) < count and (left := deadline - time.monotonic()) > 0:
            datagram = self.receive(left)
            if datagram is not None:
                got.append(datagram)
        return got

    def expect_silence(self, what: str, seconds: float = SILENCE) -> None:
        datagram = self.receive(seconds)
        if datagram is not None:
            raise Unexpected(f"{what} was answered by {len(datagram)} bytes of {datagram[0]:#04x}")

    def expect_message_2(self, handshake: InitiatorHandshake) -> list[bytes]:
        """Message 2, read into the handshake; its datagrams."""
        datagrams = self.collect(2)
        if not any([handshake.receive(datagram) for datagram in datagrams]):
            raise Unexpected(f"no whole message 2, but {len(datagrams)} datagrams")
        return datagrams
