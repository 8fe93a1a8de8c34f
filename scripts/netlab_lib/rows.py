"""Everything the lab tries, one row each."""

import dataclasses
import fnmatch
import os
import pathlib

from . import behaviour, nat
from .ends import Failure
from .reflector import Reflector
from .world import Carrier, World

LONGEST = 240  # seconds that any row may take
ROWS = []


@dataclasses.dataclass
class Outcome:
    """How a row went. `first_piece` is seconds from the receiver's start to its first proven piece."""

    is_right: bool
    detail: str
    first_piece: float | None = None
    short: str | None = None
    row: str = ""
    took: float = 0

    def fields(self):
        return {"row": self.row, "ok": self.is_right, "detail": self.detail,
                "seconds": round(self.took, 2), "first_piece_seconds": self.first_piece}


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    shows: str
    group: str
    function: object
    arguments: tuple = ()

    def play(self, lab):
        return self.function(lab, *self.arguments)

    def fits(self, pattern):
        return fnmatch.fnmatchcase(self.name, pattern) or self.group == pattern


class Lab:
    """What all rows share: the program and a folder."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.starts = 0
        built = pathlib.Path(__file__).resolve().parents[2] / ".build/release/sealift"
        self.sealift = pathlib.Path(os.environ.get("SEALIFT_BINARY", built)).resolve()

    def world(self):
        return World(self.options.delay)


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
