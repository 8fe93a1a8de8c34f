"""Finds out how a router maps and filters, by the tests of RFC 5780 §4.3 and §4.4."""

import os
import socket

from . import nat, reflector
from .world import SERVERS, SERVERS_6, socket_in

PATIENCE = 0.4  # seconds: several times the way there and back


def ask(probe, place, change=0, tries=3):
    """What address the server sees, asked at `place`; None where no answer comes."""
    transaction = os.urandom(12)
    for _ in range(tries):
        try:
            probe.sendto(reflector.request(transaction, change), place)
            while True:
                message, _ = probe.recvfrom(2048)
                if message[8:20] == transaction:
                    return reflector.mapped_address(message)
        except OSError:  # nothing in time, or the router says that there is no way
            continue
    return None


def probe_socket(host, version):
    probe = socket_in(host, socket.AF_INET if version == 4 else socket.AF_INET6)
    probe.bind(("", 0))
    probe.settimeout(PATIENCE)
    return probe


def behaviour(host, own_address, version=4):
    """The `nat.Behaviour` that a host's packets meet. Needs a running Reflector."""
    first, second = SERVERS if version == 4 else SERVERS_6
    port, other_port = reflector.PORTS
    with probe_socket(host, version) as probe:
        seen = ask(probe, (first, port))
        if seen is None:
            return nat.Behaviour(False, None, None)
        by_address, by_port = ask(probe, (second, port)), ask(probe, (second, other_port))
        keeps_port = seen[1] == probe.getsockname()[1]
    if by_address == seen:
        mapping = nat.SAME
    elif by_port == by_address:
        mapping = nat.ADDRESS
    else:
        mapping = nat.ADDRESS_AND_PORT
    with probe_socket(host, version) as probe:  # a fresh one: nothing is open for it yet
        ask(probe, (first, port))
        both = reflector.CHANGE_ADDRESS | reflector.CHANGE_PORT
        if ask(probe, (first, port), both, tries=1):
            filtering = nat.SAME
        elif ask(probe, (first, port), reflector.CHANGE_PORT, tries=1):
            filtering = nat.ADDRESS
        else:
            filtering = nat.ADDRESS_AND_PORT
    return nat.Behaviour(seen[0] != own_address, mapping, filtering, keeps_port)


def turns_around(one, other):
    """Whether two hosts behind one translator reach each other by their outside addresses."""
    with probe_socket(one, 4) as left, probe_socket(other, 4) as right:
        at_left = ask(left, (SERVERS[0], reflector.PORTS[0]))
        at_right = ask(right, (SERVERS[0], reflector.PORTS[0]))
        for _ in range(2):
            left.sendto(b"around", at_right)
            right.sendto(b"around", at_left)
        try:
            return left.recvfrom(64)[0] == b"around" and right.recvfrom(64)[0] == b"around"
        except OSError:
            return False
