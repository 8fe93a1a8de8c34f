"""Opening a session: a receiver dials, a sender waits at its door (PROTOCOL section 4.2)."""

from __future__ import annotations

import ipaddress
import select
import socket
import time

from .connection import Connection
from .device import Device
from .handshake import Doorman, HandshakeResult, InitiatorHandshake
from .packets import PacketProtection
from .ticket import Ticket

FIRST_REPEAT = 0.25
LAST_REPEAT = 2.0


class NobodyAnswers(Exception):
    """No message 2 came in time."""


def open_socket(family: int, bind: tuple[str, int] | None = None) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, 4 * 1024 * 1024)
    if bind:
        sock.bind(bind)
    return sock


def dialable(ticket: Ticket) -> tuple[int, list[tuple[str, int]]]:
    """One socket family and its addresses; IPv4 where the ticket has any."""
    by_version: dict[int, list[tuple[str, int]]] = {4: [], 6: []}
    for host, port in ticket.addresses:
        by_version[ipaddress.ip_address(host).version].append((host, port))
    if by_version[4]:
        return socket.AF_INET, by_version[4]
    return socket.AF_INET6, by_version[6]


def receive_one(sock: socket.socket, timeout: float) -> tuple[bytes, tuple] | None:
    readable, _, _ = select.select([sock], [], [], max(timeout, 0.0))
    if not readable:
        return None
    try:
        return sock.recvfrom(65_535)
    except (BlockingIOError, ConnectionRefusedError):
        return None


def shake(sock: socket.socket, addresses: list[tuple[str, int]], handshake: InitiatorHandshake,
          timeout: float) -> tuple:
    """Repeats message 1 until message 2 is whole; the address that answered."""
    deadline = time.monotonic() + timeout
    wait, due = FIRST_REPEAT, 0.0
    while (now := time.monotonic()) < deadline:
        if now >= due:
            for address in addresses:
                for datagram in handshake.datagrams():
                    sock.sendto(datagram, address)
            due, wait = now + wait, min(wait * 2, LAST_REPEAT)
        came = receive_one(sock, min(due, deadline) - now)
        if came is not None and handshake.receive(came[0]):
            return came[1]
    raise NobodyAnswers("no answer to message 1")


def dial(ticket: Ticket, device: Device, timeout: float = 30.0,
         handshake: InitiatorHandshake | None = None,
         protection_type: type[PacketProtection] = PacketProtection) -> Connection:
    family, addresses = dialable(ticket)
    sock = open_socket(family)
    handshake = handshake or InitiatorHandshake(ticket.secret, ticket.fingerprint, device)
    address = shake(sock, addresses, handshake, timeout)
    message_3 = handshake.datagrams()
    for datagram in message_3:
        sock.sendto(datagram, address)
    assert handshake.result is not None
    return Connection(sock, address, protection_type(handshake.result, True), message_3)


class Door:
    """A sender's socket: it answers handshakes until one finishes."""

    def __init__(self, sock: socket.socket, doorman: Doorman) -> None:
        self.sock = sock
        self.doorman = doorman

    def accept(self, timeout: float) -> Connection:
        deadline = time.monotonic() + timeout
        while (now := time.monotonic()) < deadline:
            came = receive_one(self.sock, deadline - now)
            if came is None:
                continue
            result = self._answer(*came)
            if result is not None:
                return Connection(self.sock, came[1], PacketProtection(result, False))
        raise NobodyAnswers("nobody dialled")

    def _answer(self, datagram: bytes, source: tuple) -> HandshakeResult | None:
        replies, result = self.doorman.receive(datagram, time.monotonic())
        for reply in replies:
            self.sock.sendto(reply, source)
        return result
