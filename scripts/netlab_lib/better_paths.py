"""A better path than the one a transfer goes appears in its middle; and transfers through a relay that
take longer than anything the relay promises."""

import re
import time

from .coturn import Coturn
from .ends import Failure
from .outcome import Outcome
from .transfers import Encounter, in_mid_transfer

CABLE = "10.77.0"  # the network of a cable straight between the two hosts


def round_trip(process):
    """Milliseconds, as the last progress said."""
    said = process.events("progress")[-1]["round_trip_seconds"]
    return said * 1000 if said else float("nan")


def must_move(process, seconds, fits):
    """Waits until an end says that it moved where it must; gives the seconds that took, and where."""
    begun = time.monotonic()
    event = process.wait_for("moved", seconds, fits)
    return time.monotonic() - begun, event


def end_of(encounter, seconds):
    """One session, every byte once."""
    summary = encounter.finish(seconds)
    for name, process in (("receiver", encounter.receiver), ("sender", encounter.sender)):
        if len(process.events("connected")) != 1:
            raise Failure(f"the {name} was connected {len(process.events('connected'))} times")
    if summary["resent_proven"]:
        raise Failure(f"{summary['resent_proven']} proven bytes were sent again")


def lan_row(lab):
    """Two hosts far from each other get a cable between them."""
    with lab.world() as world:
        world.add_site("a", 1, "easy")
        world.add_site("b", 2, "easy")
        with Encounter(lab, size=96, rate="24mbit") as encounter:
            with in_mid_transfer(encounter) as receiver:
                before = round_trip(receiver)
                world.join_hosts("a", "b", CABLE)
                on_cable = lambda event: event["address"].startswith(CABLE + ".")
                took, event = must_move(receiver, 25, on_cable)
                encounter.sender.wait_for("moved", 5, on_cable)
                time.sleep(2)
                after = round_trip(receiver)
            end_of(encounter, 120)
            moves = len(receiver.events("moved"))
    return Outcome(moves == 1 and after < before / 2,
                   f"to {event['address']} {took:.1f} s after the cable, round trip {before:.0f} ms "
                   f"before and {after:.1f} ms after; {moves} move, one session, identical")


def cable_row(lab):
    """The receiver gets a second way out that its machine prefers; the first one stays."""
    with lab.world() as world:
        world.add_site("a", 1, "easy")
        world.add_site("b", 2, "easy")
        other = world.add_site("desk", 4, "easy")
        with Encounter(lab, size=48, rate="24mbit") as encounter:
            with in_mid_transfer(encounter):
                world.plug("b", other, "eth1")
                world.connect("b", other, "eth1", last=7)
                took, event = must_move(
                    encounter.sender, 25,
                    lambda event: event["address"].startswith(f"{other.wan}.2:"))
            end_of(encounter, 120)
    return Outcome(True, f"the sender follows to {event['address']} after {took:.1f} s; one session, "
                   "identical")


def unblocked_row(lab, owners):
    """UDP is blocked at first where the relay's owner is; then it is not."""
    with lab.world() as world:
        sites = [world.add_site(host, number, "blocked" if host in owners else "easy")
                 for number, host in enumerate("ab", 1)]
        options = ("--relay", "mine")
        with Coturn(lab) as coturn, Encounter(
                lab, size=96, rate="8mbit", send_options=options if "a" in owners else (),
                receive_options=options if "b" in owners else (),
                environment=coturn.environment("tcp")) as encounter:
            with in_mid_transfer(encounter, share=0.05) as receiver:
                first = encounter.paths()
                for site in sites:
                    world.load_rules(site.router, "easy")
                is_direct = lambda event: event["path"] == "direct"
                took, event = must_move(receiver, 75, is_direct)
                encounter.sender.wait_for("moved", 5, is_direct)
            end_of(encounter, 180)
            last = receiver.events("moved")[-1]["path"]
    if first != ["relayed"]:
        raise Failure(f"it began {first}")
    return Outcome(last == "direct", f"relayed, then direct to {event['address']} {took:.1f} s after UDP "
                   "got through; one session, identical")


def relay_endurance_row(lab, seconds):
    """Longer than a permission (300 s) and many allocations of one minute."""
    megabits = 4
    size = seconds * megabits * 125_000 // (1 << 20)
    with lab.world() as world:
        world.add_site("a", 1, "hard")
        world.add_site("b", 2, "hard")
        with Coturn(lab, "--max-allocate-lifetime=60", "--stale-nonce=45", "--verbose") as coturn, \
                Encounter(lab, size=size, rate=f"{megabits}mbit", send_options=("--relay", "mine"),
                          environment=coturn.environment("udp")) as encounter:
            receiver = encounter.receive()
            began = time.monotonic()
            end_of(encounter, seconds + 120)
            took = time.monotonic() - began
            paths = set(encounter.paths())
            warnings = [event["message"] for event in encounter.sender.events("warning")
                        + receiver.events("warning")]
            log = coturn.log()
    refreshed = len(re.findall(r"refreshed", log))
    bound = len(re.findall(r"CHANNEL_BIND processed, success", log))
    stale = len(re.findall(r"438|[Ss]tale nonce", log))
    if paths != {"relayed"} or warnings:
        raise Failure(f"paths {paths}, warnings {warnings}")
    return Outcome(took > 300 and refreshed >= seconds // 40,
                   f"{size} MiB in {took:.0f} s over one relay: {refreshed} refreshes of the "
                   f"allocation, {bound} channel bindings, {stale} stale nonces; one session, identical")
