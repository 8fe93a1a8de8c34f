#!/usr/bin/env python3
"""Plays one attack of a receiver against a live `sealift send`.

    hostile_receiver.py --list
    SEALIFT_TICKET=… hostile_receiver.py VARIANT [--device FILE] [--pid N]

Exits 0 if the sender answered as docs/PROTOCOL.md says, and still serves a correct receiver
afterwards; 1 otherwise, with a sentence. In the list, "ends" marks the attacks of the ticket's
owner after which the sender may end instead.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from pathlib import Path

from attacks import on_handshake, on_transfer, on_transport
from attacks.catalogue import Catalogue
from attacks.target import Target
from receive import load_device
from sealift_peer.ticket import Ticket


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="one variant a line")
    parser.add_argument("--device", type=Path, help="file that keeps the attacker's device keys")
    parser.add_argument("--pid", type=int, help="the sender's process, to watch its memory")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("variant", nargs="?")
    options = parser.parse_args()
    catalogue = Catalogue()
    for module in (on_handshake, on_transport, on_transfer):
        module.register(catalogue)
    if options.list or options.variant is None:
        print("\n".join(catalogue.lines()))
        return 0 if options.list else 64
    print(f"seed {options.seed}", file=sys.stderr)
    random.seed(options.seed)
    target = Target(
        Ticket.parse(os.environ["SEALIFT_TICKET"]), load_device(options.device), options.pid
    )
    status = catalogue.run(options.variant, target)
    if status == 0 and catalogue.note(options.variant) != on_transfer.ENDS:
        catalogue.attack("the sender's service afterwards")(Target.expect_service)
        status = catalogue.run("the sender's service afterwards", target)
    return status


if __name__ == "__main__":
    sys.exit(main())
