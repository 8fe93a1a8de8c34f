#!/usr/bin/env python3
"""Downloads what the ticket in SEALIFT_TICKET offers: receive.py OUTPUT"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from sealift_peer.connection import Lost
from sealift_peer.device import Device
from sealift_peer.dial import NobodyAnswers, dial
from sealift_peer.receiver import IntegrityError, Receiver, Refused
from sealift_peer.session import Closed
from sealift_peer.ticket import Ticket
from sealift_peer.wire import Violation


def load_device(path: Path | None) -> Device:
    """The device kept in a file, which is made when it is missing."""
    if path is None:
        return Device()
    if not path.exists():
        path.write_bytes(Device().private_bytes())
    return Device.from_private_bytes(path.read_bytes())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", type=Path, help="file that keeps this device's keys")
    parser.add_argument("--generation-packets", type=int, default=2**21)
    parser.add_argument("--ratchet", action="store_true", help="offer a ratchet at the start")
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    ticket = Ticket.parse(os.environ["SEALIFT_TICKET"])
    try:
        connection = dial(ticket, load_device(options.device))
        connection.generation_packets = options.generation_packets
        if options.ratchet:
            connection.offer_ratchet()
        report = Receiver(connection, options.output).download()
    except NobodyAnswers as error:
        print(error, file=sys.stderr)
        return 3
    except (Refused, Closed, Lost) as error:
        print(error, file=sys.stderr)
        return 4
    except (IntegrityError, Violation) as error:
        print(f"wrong: {error}", file=sys.stderr)
        return 5
    print(
        f"{report.root.hex()} files {report.files} bytes {report.bytes}"
        f" failed {len(report.failed)} generation {connection.protection.generation}"
    )
    return 8 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
