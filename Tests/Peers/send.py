#!/usr/bin/env python3
"""Serves paths on loopback until a receiver has the whole: send.py PATH...; ticket on stdout."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from pathlib import Path

from sealift_peer.connection import Lost
from sealift_peer.device import Device
from sealift_peer.dial import Door, NobodyAnswers, open_socket
from sealift_peer.handshake import Doorman
from sealift_peer.messages import ALREADY_USED
from sealift_peer.primitives import Refused
from sealift_peer.sender import Sender, Source
from sealift_peer.session import Closed
from sealift_peer.ticket import Ticket
from sealift_peer.wire import Violation


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wait", type=float, default=60.0, help="seconds to wait for a receiver")
    parser.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args()
    source = Source(options.paths)
    device, secret = Device(), os.urandom(32)
    sock = open_socket(socket.AF_INET, ("127.0.0.1", 0))
    expiry = int(time.time()) + 86_400
    print(Ticket(secret, device.fingerprint, expiry, (sock.getsockname(),)).text(), flush=True)
    door = Door(sock, Doorman(secret, device))
    deadline = time.monotonic() + options.wait
    owner: bytes | None = None
    while True:
        try:
            connection = door.accept(deadline - time.monotonic())
        except NobodyAnswers as error:
            print(error, file=sys.stderr)
            return 3
        remote = connection.protection.remote_device_id
        sender = Sender(connection, source, is_claimed=owner is not None)
        try:
            if owner not in (None, remote):
                sender.refuse(ALREADY_USED)
                continue
            sender.serve()
            return 0
        except (Closed, Lost, Violation, Refused) as error:
            owner = remote if sender.is_claimed else None
            print(error, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
