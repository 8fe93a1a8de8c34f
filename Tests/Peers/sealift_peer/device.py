"""Devices and the keys that come from a ticket's secret (PROTOCOL section 2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from .primitives import hkdf, hmac, public_bytes, sha256
from .wire import u8, u64


def device_id(x25519_public: bytes, ed25519_public: bytes) -> bytes:
    return sha256(b"sealift/1 device" + x25519_public + ed25519_public)


@dataclass
class Device:
    agreement: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    signing: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def fingerprint(self) -> bytes:
        return device_id(public_bytes(self.agreement), public_bytes(self.signing))[:16]

    def private_bytes(self) -> bytes:
        """64 bytes, this package's own format, to come back as the same device."""
        raw = (Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return self.agreement.private_bytes(*raw) + self.signing.private_bytes(*raw)

    @staticmethod
    def from_private_bytes(data: bytes) -> Device:
        return Device(
            X25519PrivateKey.from_private_bytes(data[:32]),
            Ed25519PrivateKey.from_private_bytes(data[32:]),
        )


class PskKeys:
    """What a pre-shared key yields before anything is sent."""

    def __init__(self, psk: bytes) -> None:
        self.psk = psk
        self.hint_key = hkdf(psk, b"", b"sealift/1 hint", 32)
        self.mac_key = hkdf(psk, b"", b"sealift/1 handshake mac", 32)

    def tag(self, direction: int, hour: int = 0) -> bytes:
        return hmac(self.hint_key, u64(hour) + u8(direction))[:16]
