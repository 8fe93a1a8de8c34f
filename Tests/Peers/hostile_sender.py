#!/usr/bin/env python3
"""Plays one attack of a sender against the `sealift receive` that dials its ticket.

    hostile_sender.py --list
    hostile_sender.py VARIANT [--pid-file FILE]        the ticket is on stdout

Exits 0 if the receiver answered as docs/PROTOCOL.md says, 1 otherwise, with a sentence. The list
has, after a tab, how the receiver should end: ok, partial, violation, integrity, refused,
unreachable, interrupted (its sender went away), interrupt (it waits until its user stops it), any.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from attacks import on_listing, on_serving
from attacks.catalogue import Catalogue
from attacks.door import OpenDoor


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="one variant a line")
    parser.add_argument("--pid-file", type=Path, help="will hold the receiver's process id")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("variant", nargs="?")
    options = parser.parse_args()
    catalogue = Catalogue()
    for module in (on_listing, on_serving):
        module.register(catalogue)
    if options.list or options.variant is None:
        print("\n".join(catalogue.lines()))
        return 0 if options.list else 64
    print(f"seed {options.seed}", file=sys.stderr)
    random.seed(options.seed)
    door = OpenDoor()
    print(door.ticket().text(), flush=True)
    if options.pid_file:
        while not (options.pid_file.exists() and options.pid_file.read_text().strip()):
            time.sleep(0.01)
        door.process = int(options.pid_file.read_text())
    return catalogue.run(options.variant, door)


if __name__ == "__main__":
    sys.exit(main())
