"""Everything the lab tries, one row each."""

import base64
import os
import pathlib
import signal
import time

from . import behaviour, better_paths, nat, recorder
from .coturn import Coturn
from .ends import Failure, Process, RendezvousServer
from .miniupnpd import OUTSIDE, Miniupnpd
from .outcome import Outcome, Row
from .reflector import Reflector
from .transfers import Encounter, in_mid_transfer, make_source, median_of
from .world import SERVERS, Carrier, World

ROWS = []


class Lab:
    """What all rows share: the program and a folder."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.starts = 0
        # Seconds in which a waiting sender finds a server that was away.
        self.reconnect_patience = 8
        built = pathlib.Path(__file__).resolve().parents[2] / ".build/release/sealift"
        self.sealift = pathlib.Path(os.environ.get("SEALIFT_BINARY", built)).resolve()

    def world(self):
        return World(self.options.delay)

    def is_in_time(self, first, limit):
        """Whether `first` seconds to the first proven piece will do."""
        return self.options.untimed or first <= limit


# The routers themselves

def judge(site, version=4):
    """Whether a site's packets meet what its kind promises. Needs a running Reflector."""
    kind = site.kind if version == 4 or not site.is_translated else "firewall"
    own = site.address if version == 4 else f"{site.lan_6}::2"
    found = behaviour.behaviour(site.name, own, version)
    if found != nat.EXPECTED[kind]:
        raise Failure(f"{site.name}, IPv{version}: a router of kind {kind} is {found}")
    return found


def router_row(lab, kind):
    with lab.world() as world, Reflector():
        return Outcome(True, str(judge(world.add_site("a", 1, kind))))


def router_6_row(lab):
    with lab.world() as world, Reflector():
        return Outcome(True, f"IPv6: {judge(world.add_site('a', 1, 'firewall', (6,)), 6)}")


def double_row(lab, inner, outer, expected):
    with lab.world() as world, Reflector():
        carrier = world.add_carrier(Carrier(9, outer))
        site = world.add_site("a", 1, inner, behind=carrier)
        found = behaviour.behaviour("a", site.address)
        return Outcome(found == nat.EXPECTED[expected], str(found))


def hairpin_row(lab, hairpin):
    with lab.world() as world, Reflector():
        carrier = world.add_carrier(Carrier(9, "restricted", hairpin))
        world.add_site("a", 1, "easy", behind=carrier)
        world.add_site("b", 2, "easy", behind=carrier)
        turned = behaviour.turns_around("a", "b")
        return Outcome(turned == hairpin, "turns around" if turned else "does not turn around")


def reboot_row(lab):
    """A reboot must lose what was open: an answer to a question from before does not come in."""
    with lab.world() as world, Reflector():
        site = world.add_site("a", 1, "hard")
        with behaviour.probe_socket("a", 4) as probe:
            place = (behaviour.SERVERS[0], behaviour.reflector.PORTS[0])
            before = behaviour.ask(probe, place)
            world.reboot(site.router, site.kind, seconds=0.5)
            after = behaviour.ask(probe, place)
    return Outcome(None not in (before, after) and before != after,
                   f"port {before[1]} before, {after[1]} after")


for _kind in nat.EXPECTED:
    ROWS.append(Row(f"router-{_kind}", f"a router of kind {_kind} maps and filters as that kind does",
                    "behaviour", router_row, (_kind,)))
ROWS += [
    Row("router-ipv6", "IPv6 behind a stateful firewall", "behaviour", router_6_row),
    Row("router-double", "an easy router behind an easy carrier is easy", "behaviour", double_row,
        ("easy", "easy", "easy")),
    Row("router-double-hard", "an easy router behind a hard carrier is hard", "behaviour", double_row,
        ("easy", "hard", "hard")),
    Row("router-hairpin", "a carrier that turns packets of its customers around", "behaviour",
        hairpin_row, (True,)),
    Row("router-no-hairpin", "and one that does not", "behaviour", hairpin_row, (False,)),
    Row("router-reboot", "a rebooted router has forgotten its mappings", "behaviour", reboot_row),
]


# Sealift between them

def two_sites(world, sender, receiver, versions=(4,)):
    """Hosts `a` and `b`, each behind a router that was judged."""
    sites = (world.add_site("a", 1, sender, versions), world.add_site("b", 2, receiver, versions))
    with Reflector():
        for site in sites:
            if site.kind != "blocked":
                for version in versions:
                    judge(site, version)
    return sites


def pair_row(lab, sender, receiver):
    with lab.world() as world:
        two_sites(world, sender, receiver)
        if (sender, receiver) == ("hard", "hard"):
            with Encounter(lab) as encounter:
                took, said = encounter.must_end_in_diagnosis()
                return Outcome(True, f"after {took:.1f} s: {said}", short="told")

        def run():
            with Encounter(lab) as encounter:
                return encounter.must_be_direct()
        first = median_of(lab.options.runs, run)
    limit = 6 if "hard" in (sender, receiver) else 2
    return Outcome(lab.is_in_time(first, limit), f"direct; first proven piece after {first:.2f} s (limit {limit} s)",
                   first)


def versions_row(lab, versions, kind):
    """IPv6 behind stateful firewalls, alone or beside a translator."""
    with lab.world() as world:
        two_sites(world, kind, kind, versions)
        with Encounter(lab, versions) as encounter:
            first = encounter.must_be_direct()
            address = encounter.receiver.events("connected")[0]["address"]
    return Outcome(lab.is_in_time(first, 2), f"direct to {address}; first proven piece after {first:.2f} s", first)


def blocked_row(lab):
    with lab.world() as world:
        two_sites(world, "blocked", "easy")
        with Encounter(lab) as encounter:
            took, said = encounter.must_end_in_diagnosis(["UDP"])
    return Outcome(True, f"after {took:.1f} s: {said}")


RELAY = ("--relay", "mine")


def relay_row(lab, sender, receiver, transport, owners="a", path="relayed", limit=20):
    """One end's own relay, or one for each, where there is no other way; and unused where there is."""
    with lab.world() as world:
        two_sites(world, sender, receiver)
        with Coturn(lab) as coturn, Encounter(
                lab, send_options=RELAY if "a" in owners else (),
                receive_options=RELAY if "b" in owners else (),
                environment=coturn.environment(transport)) as encounter:
            first = encounter.must_be(path)
            both = encounter.sender.events("connected")[0]["path"]
        if both != path:
            raise Failure(f"the sender says {both}, the receiver {path}")
    return Outcome(lab.is_in_time(first, limit), f"{path}; first proven piece after {first:.2f} s (limit {limit} s)",
                   first)


def mapped_port_row(lab, number):
    """The router opens a port for a sender that waits, and it is closed when the sender ends."""
    with lab.world() as world:
        site = world.add_site("a", 1, "easy")
        with Miniupnpd(lab, site) as router:
            time.sleep(1)  # until it listens: nobody tells
            sender = Process(lab, "a", "send", "--json", make_source(lab, 1))
            try:
                named = sender.wait_for("listening", 20)["addresses"]
                open_ports = router.mapped()
                sender.end(number)
            finally:
                sender.end()
            left = router.mapped()
    if not any(address.startswith(OUTSIDE + ":") for address in named) or not open_ports:
        raise Failure(f"no port was opened: the ticket names {named}, the router has {open_ports}")
    if left:
        raise Failure(f"left open: {left}")
    return Outcome(True, f"opened {len(open_ports)}, closed after {signal.Signals(number).name}")


def carrier_row(lab, carriers, same=False, hairpin=False):
    with lab.world() as world:
        if same:
            one = other = world.add_carrier(Carrier(9, carriers, hairpin))
        else:
            one = world.add_carrier(Carrier(8, carriers, name="carrier-a"))
            other = world.add_carrier(Carrier(9, carriers, name="carrier-b"))
        world.add_site("a", 1, "easy", behind=one)
        world.add_site("b", 2, "easy", behind=other)
        with Encounter(lab) as encounter:
            first = encounter.must_be_direct()
    return Outcome(True, f"direct; first proven piece after {first:.2f} s", first)


def one_house_row(lab):
    with lab.world() as world:
        site = world.add_site("a", 1, "hard")
        world.add_neighbour("b", site)
        with Encounter(lab) as encounter:
            first = encounter.must_be_direct()
            address = encounter.receiver.events("connected")[0]["address"]
    inside = address.startswith(site.lan)
    return Outcome(inside and lab.is_in_time(first, 2), f"direct to {address}; first piece after {first:.2f} s", first)


def dead_candidates_row(lab):
    """Addresses that lead nowhere, at both ends, must cost no time."""
    with lab.world() as world:
        two_sites(world, "easy", "easy")
        for host, number in (("a", 1), ("b", 2)):
            world.add_dead_addresses(host, number)
        with Encounter(lab) as encounter:
            first = encounter.must_be_direct()
    return Outcome(lab.is_in_time(first, 2), f"direct; first proven piece after {first:.2f} s", first)


MIDDLE = dict(size=24, rate="24mbit")  # eight seconds and more in which something can happen


def survived(encounter, what, seconds=120):
    begun = len(encounter.receiver.events("connected"))
    summary = encounter.finish(seconds)
    again = len(encounter.receiver.events("connected")) - begun
    how = "in one session" if again == 0 else f"after {again} new sessions"
    if summary["resent_proven"]:
        raise Failure(f"{summary['resent_proven']} proven bytes were sent again")
    return Outcome(True, f"{what}: went on {how}, identical")


def move_row(lab, movers, kind="easy"):
    with lab.world() as world:
        two_sites(world, kind, kind)
        new = {"a": world.add_site("cafe-a", 3, kind), "b": world.add_site("cafe-b", 4, kind)}
        with Encounter(lab, **MIDDLE) as encounter, in_mid_transfer(encounter):
            for host in movers:
                world.move(host, new[host], "eth1")
            return survived(encounter, " and ".join(
                {"a": "the sender", "b": "the receiver"}[host] for host in movers)
                + " went to another house")


def reboots_row(lab, kind):
    with lab.world() as world:
        sites = two_sites(world, kind, kind if kind != "hard" else "easy")
        with Encounter(lab, **MIDDLE) as encounter, in_mid_transfer(encounter):
            for site in sites:
                world.reboot(site.router, site.kind)
            return survived(encounter, f"both routers ({kind}) rebooted, one after the other")


def outage_row(lab, seconds):
    with lab.world() as world:
        site, _ = two_sites(world, "easy", "easy")
        with Encounter(lab, **MIDDLE) as encounter, in_mid_transfer(encounter):
            world.cut(site.router, seconds)
            return survived(encounter, f"{seconds} s without the uplink")


def server_gone_row(lab):
    with lab.world() as world:
        two_sites(world, "easy", "easy")
        with Encounter(lab, **MIDDLE) as encounter, in_mid_transfer(encounter):
            encounter.stop_server()
            return survived(encounter, "the server was killed after the two had met")


def server_restarted_row(lab):
    """The sender waits, the server starts again; then a receiver comes."""
    with lab.world() as world:
        two_sites(world, "easy", "easy")
        with Encounter(lab) as encounter:
            encounter.stop_server(signal.SIGTERM)
            time.sleep(1)
            encounter.start_server()
            time.sleep(lab.reconnect_patience)
            first = encounter.must_be_direct()
    return Outcome(True, f"direct; first proven piece after {first:.2f} s", first)


DIAGNOSED = {"none": "none", "easy": "easy", "restricted": "easy", "hard": "hard",
             "blocked": "blocked"}


def doctor_row(lab, kind, mtu=1500):
    """What `sealift doctor` says of a router that the lab's own probe has judged."""
    with lab.world() as world:
        site = world.add_site("a", 1, kind)
        if kind != "blocked":
            with Reflector():
                judge(site)
        world.narrow(site.router, mtu)
        server = RendezvousServer(lab)
        try:
            doctor = Process(lab, "a", "doctor", "--json", SEALIFT_STUN=" ".join(SERVERS),
                             SEALIFT_RENDEZVOUS=server.addresses[0])
            status = doctor.wait(60)
        finally:
            server.end()
        report = doctor.wait_for("doctor", 1)
    said = (report["nat"], report["path_mtu"], status,
            [meeting["reachable"] for meeting in report["rendezvous"]])
    blocked = kind == "blocked"
    expected = (DIAGNOSED[kind], None if blocked else mtu, 3 if blocked else 0, [True])
    return Outcome(said == expected, f"says NAT {said[0]}, path MTU {said[1]}, exit status {status}"
                   + ("" if said == expected else f"; expected {expected}, got {said}"))


def secrets(encounter, sites):
    """What no server may see, by name: of the ticket, the files, and the machines' insides."""
    text = encounter.ticket.read_text().strip()
    body = text.removeprefix("sealift1").upper()
    ticket = base64.b32decode(body + "=" * (-len(body) % 8))
    found = {"the ticket": text.encode(), "the ticket's secret": ticket[1:33],
             "the sender's fingerprint": ticket[33:49],
             "a file's name": encounter.source.name.encode() + b"/", "another name": b"small-"}
    for site in sites:
        found |= {f"the inside address of {site.name}": site.address.encode(),
                  f"the inside address of {site.name} in bytes":
                      bytes(int(part) for part in site.address.split("."))}
    return found


def metadata_row(lab):
    """Whole sessions, and what the server's process received in them."""
    hour = int(time.time() // 3600)
    with lab.world() as world:
        sites = two_sites(world, "easy", "easy")
        with recorder.Recorder() as record, Encounter(lab, recorder=record) as encounter:
            sender = f"{sites[0].wan}.2"

            def subscribed(count):
                return record.wait_for(
                    f"subscription number {count} of the sender",
                    lambda visit: visit.address == sender and visit.subscriptions()
                    and sum(bool(other.subscriptions()) for other in record.visits
                            if other.address == sender) >= count)

            subscribed(1)
            for count in (2, 3):
                record.drop()
                subscribed(count)
            encounter.must_be_direct()
            seen = recorder.check(record, secrets(encounter, sites))
            sets = {ids for visit in record.visits if visit.address == sender
                    for ids in visit.subscriptions()}
    if int(time.time() // 3600) != hour:
        return metadata_row(lab)  # the ids change with the hour: once more, within one
    if len(sets) != 1:
        raise Failure(f"reconnects within an hour showed {len(sets)} sets of ids")
    return Outcome(True, "{visits} visits, {ids} ids, {boxes} boxes of 4,096 bytes, {stun} STUN "
                   "requests, nothing else; two reconnects showed the same ids".format(**seen))


ROWS += [Row(f"{_sender}-{_receiver}", f"a sender behind {_sender} NAT, a receiver behind {_receiver}",
             "matrix", pair_row, (_sender, _receiver))
         for _sender in nat.KINDS for _receiver in nat.KINDS]
ROWS += [
    Row("ipv6-only", "only IPv6, behind stateful firewalls", "paths", versions_row, ((6,), "firewall")),
    Row("dual-stack", "hard NATs, and IPv6 beside them", "paths", versions_row, ((4, 6), "hard")),
    Row("udp-blocked", "no UDP at the sender: said in words", "paths", blocked_row),
    Row("relay-udp", "two hard NATs, and a relay of the sender's own", "relay", relay_row,
        ("hard", "hard", "udp")),
    Row("relay-tcp", "no UDP at the sender, which has a relay by TCP", "relay", relay_row,
        ("blocked", "easy", "tcp")),
    Row("relay-receiver", "no UDP at the receiver, which has a relay by TLS", "relay", relay_row,
        ("hard", "blocked", "tls", "b")),
    Row("relay-tls", "no UDP at either end, each with a relay by TLS", "relay", relay_row,
        ("blocked", "blocked", "tls", "ab")),
    Row("relay-spared", "a relay at both ends that nobody needs", "relay", relay_row,
        ("easy", "easy", "udp", "ab", "direct", 2)),
    Row("mapped-port", "a port of the router, opened by PCP and closed at Ctrl-C", "paths",
        mapped_port_row, (signal.SIGINT,)),
    Row("mapped-port-ended", "and closed when the sender is told to end", "paths", mapped_port_row,
        (signal.SIGTERM,)),
    Row("double-nat", "easy homes behind two easy carriers", "paths", carrier_row, ("easy",)),
    Row("hairpin", "two homes behind one carrier that turns around", "paths", carrier_row,
        ("restricted", True, True)),
    Row("one-house", "both behind one hard router: straight over the LAN", "paths", one_house_row),
    Row("dead-candidates", "both ends name addresses that lead nowhere", "paths",
        dead_candidates_row),
    Row("sender-moves", "the sender's uplink is switched in mid-transfer", "endurance", move_row,
        ("a",)),
    Row("receiver-moves", "the receiver's uplink is switched in mid-transfer", "endurance", move_row,
        ("b",)),
    Row("both-move", "both uplinks are switched at once", "endurance", move_row, ("ab",)),
    Row("reboot-easy", "both routers lose their mappings in mid-transfer", "endurance", reboots_row,
        ("easy",)),
    Row("reboot-hard", "a hard router gives another port after its reboot", "endurance", reboots_row,
        ("hard",)),
    Row("outage", "40 s without the uplink", "endurance", outage_row, (40,)),
    Row("server-gone", "the server is killed after the two have met", "endurance", server_gone_row),
    Row("server-restarted", "the server starts again before the receiver comes", "endurance",
        server_restarted_row),
    *(Row(f"doctor-{_kind}", f"sealift doctor behind a router of kind {_kind}", "doctor", doctor_row,
          (_kind,)) for _kind in DIAGNOSED),
    Row("doctor-narrow", "sealift doctor where the path carries 1,400 bytes", "doctor", doctor_row,
        ("easy", 1400)),
    Row("metadata", "what the server's process receives in whole sessions", "server", metadata_row),
]
ROWS += [
    Row("lan-appears", "a cable between the two hosts in mid-transfer", "better",
        better_paths.lan_row),
    Row("cable-appears", "a second way out at the receiver in mid-transfer", "better",
        better_paths.cable_row),
    Row("unblocked-sender", "the sender's relay, until UDP gets through", "better",
        better_paths.unblocked_row, ("a",)),
    Row("unblocked-receiver", "the receiver's relay, until UDP gets through", "better",
        better_paths.unblocked_row, ("b",)),
    Row("unblocked-both", "a relay at each end, until UDP gets through", "better",
        better_paths.unblocked_row, ("ab",)),
    Row("outage-five-minutes", "five minutes without the uplink", "endurance", outage_row, (300,), True),
    Row("relay-endurance", "six minutes through a relay whose allocations last one", "endurance",
        better_paths.relay_endurance_row, (370,), True),
]
