"""Noise_XXhfs+psk0_25519+MLKEM768_AESGCM_SHA256 (PROTOCOL section 4.1).

The Noise Protocol Framework, revision 34, with the psk modifier, and its Hybrid Forward Secrecy
extension, revision 1. One suite, three messages:

    -> psk, e, e1
    <- e, ee, ekem1, s, es
    -> s, se
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .primitives import (
    CIPHERTEXT_SIZE,
    ENCAPSULATION_KEY_SIZE,
    check_encapsulation_key,
    check_x25519,
    hmac,
    kem_decapsulate,
    kem_encapsulate,
    kem_keygen,
    public_bytes,
    sha256,
    x25519,
)
from .wire import Reader, u8, u64

PROTOCOL_NAME = b"Noise_XXhfs+psk0_25519+MLKEM768_AESGCM_SHA256"


class NotAuthentic(Exception):
    """A field of a handshake message did not open."""


def noise_hkdf(chaining_key: bytes, ikm: bytes, outputs: int) -> list[bytes]:
    """HKDF as Noise section 4.3 writes it."""
    temp = hmac(chaining_key, ikm)
    result: list[bytes] = []
    last = b""
    for index in range(1, outputs + 1):
        last = hmac(temp, last + u8(index))
        result.append(last)
    return result


class SymmetricState:
    """Noise section 5.2, with the cipher state inside."""

    def __init__(self, protocol_name: bytes) -> None:
        self.h = protocol_name.ljust(32, b"\0") if len(protocol_name) <= 32 else sha256(
            protocol_name
        )
        self.ck = self.h
        self.k: bytes | None = None
        self.n = 0

    def mix_hash(self, data: bytes) -> None:
        self.h = sha256(self.h + data)

    def mix_key(self, ikm: bytes) -> None:
        self.ck, self.k = noise_hkdf(self.ck, ikm, 2)
        self.n = 0

    def mix_key_and_hash(self, ikm: bytes) -> None:
        self.ck, temp_h, self.k = noise_hkdf(self.ck, ikm, 3)
        self.mix_hash(temp_h)
        self.n = 0

    def _nonce(self) -> bytes:
        nonce = bytes(4) + u64(self.n)
        self.n += 1
        return nonce

    def encrypt_and_hash(self, plaintext: bytes) -> bytes:
        if self.k is None:
            sealed = plaintext
        else:
            sealed = AESGCM(self.k).encrypt(self._nonce(), plaintext, self.h)
        self.mix_hash(sealed)
        return sealed

    def decrypt_and_hash(self, sealed: bytes) -> bytes:
        if self.k is None:
            plaintext = sealed
        else:
            try:
                plaintext = AESGCM(self.k).decrypt(self._nonce(), sealed, self.h)
            except InvalidTag as error:
                raise NotAuthentic from error
        self.mix_hash(sealed)
        return plaintext


class NoiseHandshake:
    """One end of the handshake: write or read the three messages in turn, then `split`.

    The seeds make a handshake repeatable for the published vectors. What is sent as `e`, `e1` and
    `s`, and how a DH result is made, are methods, so that the hostile peers can lie.
    """

    def __init__(
        self,
        initiator: bool,
        prologue: bytes,
        psk: bytes,
        static: X25519PrivateKey,
        ephemeral: X25519PrivateKey | None = None,
        kem_seed: bytes | None = None,
        kem_m: bytes | None = None,
    ) -> None:
        self.initiator = initiator
        self.psk = psk
        self.static = static
        self.ephemeral = ephemeral or X25519PrivateKey.generate()
        self.kem_m = kem_m
        self.encapsulation_key = b""
        self.decapsulation_key = b""
        if initiator:
            self.encapsulation_key, self.decapsulation_key = kem_keygen(kem_seed)
        self.remote_ephemeral = b""
        self.remote_static = b""
        self.remote_encapsulation_key = b""
        self.symmetric = SymmetricState(PROTOCOL_NAME)
        self.symmetric.mix_hash(prologue)

    # What goes out.

    def ephemeral_bytes(self) -> bytes:
        return public_bytes(self.ephemeral)

    def static_bytes(self) -> bytes:
        return public_bytes(self.static)

    def encapsulation_key_bytes(self) -> bytes:
        return self.encapsulation_key

    def dh(self, private: X25519PrivateKey, public: bytes) -> bytes:
        return x25519(private, public)

    # -> psk, e, e1

    def write_1(self, payload: bytes) -> bytes:
        state = self.symmetric
        state.mix_key_and_hash(self.psk)
        out = self._write_e()
        out += state.encrypt_and_hash(self.encapsulation_key_bytes())
        return out + state.encrypt_and_hash(payload)

    def read_1(self, message: bytes) -> bytes:
        state = self.symmetric
        reader = Reader(message)
        state.mix_key_and_hash(self.psk)
        self._read_e(reader)
        key = state.decrypt_and_hash(reader.take(ENCAPSULATION_KEY_SIZE + 16))
        check_encapsulation_key(key)
        self.remote_encapsulation_key = key
        return state.decrypt_and_hash(reader.rest())

    # <- e, ee, ekem1, s, es

    def write_2(self, payload: bytes) -> bytes:
        state = self.symmetric
        out = self._write_e()
        state.mix_key(self.dh(self.ephemeral, self.remote_ephemeral))
        secret, ciphertext = kem_encapsulate(self.remote_encapsulation_key, self.kem_m)
        out += state.encrypt_and_hash(ciphertext)
        state.mix_key(secret)
        out += state.encrypt_and_hash(self.static_bytes())
        state.mix_key(self.dh(self.static, self.remote_ephemeral))
        return out + state.encrypt_and_hash(payload)

    def read_2(self, message: bytes) -> bytes:
        state = self.symmetric
        reader = Reader(message)
        self._read_e(reader)
        state.mix_key(self.dh(self.ephemeral, self.remote_ephemeral))
        ciphertext = state.decrypt_and_hash(reader.take(CIPHERTEXT_SIZE + 16))
        state.mix_key(kem_decapsulate(self.decapsulation_key, ciphertext))
        self._read_s(reader)
        state.mix_key(self.dh(self.ephemeral, self.remote_static))
        return state.decrypt_and_hash(reader.rest())

    # -> s, se

    def write_3(self, payload: bytes) -> bytes:
        state = self.symmetric
        out = state.encrypt_and_hash(self.static_bytes())
        state.mix_key(self.dh(self.static, self.remote_ephemeral))
        return out + state.encrypt_and_hash(payload)

    def read_3(self, message: bytes) -> bytes:
        state = self.symmetric
        reader = Reader(message)
        self._read_s(reader)
        state.mix_key(self.dh(self.ephemeral, self.remote_static))
        return state.decrypt_and_hash(reader.rest())

    def split(self) -> tuple[bytes, bytes, bytes]:
        """k1, k2 and the exporter: three outputs of Noise's HKDF (section 4.3)."""
        k1, k2, exporter = noise_hkdf(self.symmetric.ck, b"", 3)
        return k1, k2, exporter

    def _write_e(self) -> bytes:
        public = self.ephemeral_bytes()
        self.symmetric.mix_hash(public)
        self.symmetric.mix_key(public)
        return public

    def _read_e(self, reader: Reader) -> None:
        self.remote_ephemeral = reader.take(32)
        check_x25519(self.remote_ephemeral)
        self.symmetric.mix_hash(self.remote_ephemeral)
        self.symmetric.mix_key(self.remote_ephemeral)

    def _read_s(self, reader: Reader) -> None:
        self.remote_static = self.symmetric.decrypt_and_hash(reader.take(48))
        check_x25519(self.remote_static)
