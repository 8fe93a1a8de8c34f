"""The in-band ratchet (PROTOCOL section 6.8)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from .frames import RatchetPart
from .primitives import (
    CIPHERTEXT_SIZE,
    ENCAPSULATION_KEY_SIZE,
    check_encapsulation_key,
    check_x25519,
    hkdf,
    kem_decapsulate,
    kem_encapsulate,
    kem_keygen,
    public_bytes,
    x25519,
)
from .wire import Reader, Violation, u64, varint

PART_SIZE = 640


def _mix(agreed: bytes, encapsulated: bytes, number: int) -> bytes:
    return hkdf(agreed + encapsulated, b"", b"sealift/1 ratchet" + u64(number), 32)


def _check_number(reader: Reader, number: int) -> None:
    """The number stands in the message as well as in each of its parts."""
    if reader.varint() != number:
        raise Violation("ratchet: the message has another number than its parts")


def split_parts(is_offer: bool, number: int, body: bytes) -> list[RatchetPart]:
    pieces = [body[at : at + PART_SIZE] for at in range(0, len(body), PART_SIZE)]
    return [
        RatchetPart(is_offer, number, index, len(pieces), piece)
        for index, piece in enumerate(pieces)
    ]


def join_parts(parts: dict[int, RatchetPart]) -> bytes:
    return b"".join(parts[index].data for index in sorted(parts))


class RatchetOffer:
    """The initiator's offer while its answer is awaited."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._private = X25519PrivateKey.generate()
        encapsulation_key, self._decapsulation_key = kem_keygen()
        self.body = varint(number) + public_bytes(self._private) + encapsulation_key

    def finish(self, answer: bytes) -> bytes:
        reader = Reader(answer)
        _check_number(reader, self.number)
        public, ciphertext = reader.take(32), reader.take(CIPHERTEXT_SIZE)
        reader.finish()
        check_x25519(public)
        secret = kem_decapsulate(self._decapsulation_key, ciphertext)
        return _mix(x25519(self._private, public), secret, self.number)


def answer_ratchet(number: int, offer: bytes) -> tuple[bytes, bytes]:
    """(answer, mix)."""
    reader = Reader(offer)
    _check_number(reader, number)
    public, key = reader.take(32), reader.take(ENCAPSULATION_KEY_SIZE)
    reader.finish()
    check_x25519(public)
    check_encapsulation_key(key)
    private = X25519PrivateKey.generate()
    secret, ciphertext = kem_encapsulate(key)
    answer = varint(number) + public_bytes(private) + ciphertext
    return answer, _mix(x25519(private, public), secret, number)
