#!/usr/bin/env python3
"""Runs this package's Noise engine against the published vectors: check_vectors.py noise.json"""

from __future__ import annotations

import json
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sealift_peer.noise import PROTOCOL_NAME, NoiseHandshake


def main(path: str) -> int:
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)["vectors"]
    ours = [v for v in vectors if v["protocol_name"] == PROTOCOL_NAME.decode()]
    for vector in ours:
        field = lambda name: bytes.fromhex(vector[name])
        key = lambda name: X25519PrivateKey.from_private_bytes(field(name))
        psk = bytes.fromhex(vector["psks"][0])
        initiator = NoiseHandshake(
            True, field("prologue"), psk, key("init_static"), key("init_ephemeral"),
            kem_seed=field("kem_keygen_seed"),
        )
        responder = NoiseHandshake(
            False, field("prologue"), psk, key("resp_static"), key("resp_ephemeral"),
            kem_m=field("kem_encap_m"),
        )
        assert initiator.encapsulation_key == field("kem_ek"), "encapsulation key"
        steps = [
            (initiator.write_1, responder.read_1),
            (responder.write_2, initiator.read_2),
            (initiator.write_3, responder.read_3),
        ]
        for message, (write, read) in zip(vector["messages"], steps, strict=True):
            payload = bytes.fromhex(message["payload"])
            sealed = write(payload)
            assert sealed.hex() == message["ciphertext"], "ciphertext"
            assert read(sealed) == payload, "payload"
        for end in (initiator, responder):
            k1, k2, _ = end.split()
            assert end.symmetric.h == field("handshake_hash"), "handshake hash"
            assert (k1, k2) == (field("k1"), field("k2")), "split keys"
    print(f"{len(ours)} vectors of {PROTOCOL_NAME.decode()} agree")
    return 0 if ours else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
