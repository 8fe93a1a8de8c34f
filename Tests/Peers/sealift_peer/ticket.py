"""Tickets (PROTOCOL section 3)."""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass

from .primitives import sha256
from .wire import Reader, Violation, u8, u16, u64

_PREFIX = "sealift1"
_CHECKSUM_LABEL = b"sealift/1 ticket"


@dataclass(frozen=True)
class Ticket:
    secret: bytes
    fingerprint: bytes
    expiry: int
    addresses: tuple[tuple[str, int], ...]

    def text(self) -> str:
        body = u8(1) + self.secret + self.fingerprint + u64(self.expiry) + u8(len(self.addresses))
        for host, port in self.addresses:
            address = ipaddress.ip_address(host)
            body += u8(address.version) + address.packed + u16(port)
        body += sha256(_CHECKSUM_LABEL + body)[:4]
        return _PREFIX + base64.b32encode(body).decode().rstrip("=").lower()

    @staticmethod
    def parse(text: str) -> Ticket:
        text = "".join(text.split()).lower()
        if not text.startswith(_PREFIX):
            raise Violation("not a ticket")
        digits = text[len(_PREFIX) :].upper()
        try:
            body = base64.b32decode(digits + "=" * (-len(digits) % 8))
        except ValueError as error:
            raise Violation("mistyped or cut") from error
        if base64.b32encode(body).decode().rstrip("=") != digits:
            raise Violation("mistyped or cut")
        if body[-4:] != sha256(_CHECKSUM_LABEL + body[:-4])[:4]:
            raise Violation("mistyped or cut")
        reader = Reader(body[:-4])
        if reader.u8() != 1:
            raise Violation("made by a newer sealift")
        secret, fingerprint, expiry = reader.take(32), reader.take(16), reader.u64()
        addresses = []
        for _ in range(reader.u8()):
            family = reader.u8()
            if family not in (4, 6):
                raise Violation("unknown address family")
            host = str(ipaddress.ip_address(reader.take(4 if family == 4 else 16)))
            port = reader.u16()
            if port == 0:
                raise Violation("port 0")
            addresses.append((host, port))
        if not 1 <= len(addresses) <= 16:
            raise Violation("a ticket has 1 to 16 addresses")
        reader.finish()
        return Ticket(secret, fingerprint, expiry, tuple(addresses))
