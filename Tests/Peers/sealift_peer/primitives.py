"""The primitives PROTOCOL names, and the public keys it refuses (sections 1 and 4.1)."""

from __future__ import annotations

import hashlib
import hmac as _hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from kyber_py.ml_kem import ML_KEM_768

ENCAPSULATION_KEY_SIZE = 1184
CIPHERTEXT_SIZE = 1088

_P = 2**255 - 19
_ML_KEM_Q = 3329


class Refused(Exception):
    """A public value of the other end that section 4.1 refuses."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def hmac(key: bytes, data: bytes) -> bytes:
    return _hmac.digest(key, data, "sha256")


def equal(a: bytes, b: bytes) -> bool:
    """Compares secrets without telling where they differ."""
    return _hmac.compare_digest(a, b)


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(ikm)


def public_bytes(key) -> bytes:
    """The raw public key of an X25519 or Ed25519 private key."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


_X25519_SMALL_ORDER = {
    0,
    1,
    _P - 1,
    int.from_bytes(
        bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"), "little"
    ),
    int.from_bytes(
        bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"), "little"
    ),
}

_ED25519_SMALL_ORDER = {
    0,
    1,
    _P - 1,
    int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    ),
    int.from_bytes(
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
    ),
}


def check_x25519(public: bytes) -> None:
    value = int.from_bytes(public, "little")
    if value >= _P or value in _X25519_SMALL_ORDER:
        raise Refused("X25519 public key is not canonical or of small order")


def check_ed25519(public: bytes) -> None:
    y = int.from_bytes(public, "little") & (2**255 - 1)
    if y >= _P or y in _ED25519_SMALL_ORDER:
        raise Refused("Ed25519 public key is not canonical or of small order")


def check_encapsulation_key(key: bytes) -> None:
    """The modulus check of FIPS 203 section 7.2: every 12-bit coefficient is below q."""
    for at in range(0, 3 * 384, 3):
        a, b, c = key[at : at + 3]
        if a | (b & 0x0F) << 8 >= _ML_KEM_Q or b >> 4 | c << 4 >= _ML_KEM_Q:
            raise Refused("encapsulation key fails the modulus check")


def x25519(private: X25519PrivateKey, public: bytes) -> bytes:
    """The Diffie-Hellman result; a result of zeros is refused."""
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:
        raise Refused("the DH result is all zeros") from error


def kem_keygen(seed: bytes | None = None) -> tuple[bytes, bytes]:
    """(encapsulation key, decapsulation key); a seed is d ‖ z of FIPS 203 Algorithm 16."""
    if seed is None:
        return ML_KEM_768.keygen()
    return ML_KEM_768._keygen_internal(seed[:32], seed[32:])


def kem_encapsulate(key: bytes, m: bytes | None = None) -> tuple[bytes, bytes]:
    """(shared secret, ciphertext); m is the randomness of FIPS 203 Algorithm 17."""
    if m is None:
        return ML_KEM_768.encaps(key)
    return ML_KEM_768._encaps_internal(key, m)


def kem_decapsulate(key: bytes, ciphertext: bytes) -> bytes:
    return ML_KEM_768.decaps(key, ciphertext)
