"""The routers' rules, as nftables rulesets, and how each kind behaves in the words of RFC 4787.

A router has `lan0` inside and `wan0` outside. What an unsolicited packet from outside meets is
dropped before conntrack confirms it: an answer would leave an entry that takes the port away from the
mapping a moment later, which no home router does.
"""

import dataclasses

SAME = "endpoint-independent"
ADDRESS = "address-dependent"
ADDRESS_AND_PORT = "address-and-port-dependent"


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """What a probe behind a router sees. `mapping` is None where no UDP comes back."""

    translated: bool
    mapping: str | None
    filtering: str | None
    keeps_port: bool | None = None

    def __str__(self):
        if self.mapping is None:
            return "no UDP"
        kept = {True: ", keeps the port", False: ", another port", None: ""}[self.keeps_port]
        return (f"{'translated' if self.translated else 'own address'}{kept}; mapping "
                f"{self.mapping}, filtering {self.filtering}")


EXPECTED = {
    "none": Behaviour(False, SAME, SAME, True),
    "firewall": Behaviour(False, SAME, ADDRESS_AND_PORT, True),
    "easy": Behaviour(True, SAME, ADDRESS_AND_PORT, True),
    "restricted": Behaviour(True, SAME, ADDRESS, True),
    "hard": Behaviour(True, ADDRESS_AND_PORT, ADDRESS_AND_PORT, False),
    "blocked": Behaviour(False, None, None, None),
}
KINDS = ("none", "easy", "restricted", "hard")

STATEFUL = """
table inet filter {
    chain input {
        type filter hook input priority filter; policy accept;
        iifname "wan0" ct state established,related accept
        iifname "wan0" meta l4proto { icmp, ipv6-icmp } accept
        iifname "wan0" drop
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
        BLOCK
        ct state established,related accept
        iifname "lan0" accept
        meta l4proto ipv6-icmp accept
        ct status dnat accept
    }
}
"""

MASQUERADE = """
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname "wan0" masquerade HOW
    }
}
"""

# One mapping for each inside port, whoever it speaks to; an address that was spoken to may answer from
# any port. `mapped` and `heard` are filled by what goes out.
RESTRICTED = """
table ip nat {
    map mapped {
        type inet_service : ipv4_addr . inet_service
        flags dynamic,timeout; size 65535; timeout 5m;
    }
    set heard {
        type inet_service . ipv4_addr
        flags dynamic,timeout; size 65535; timeout 5m;
    }
    chain outward {
        type filter hook forward priority -1;
        iifname "lan0" meta l4proto udp update @mapped { udp sport : ip saddr . udp sport }
        iifname "lan0" oifname "wan0" meta l4proto udp update @heard { udp sport . ip daddr }
    }
    chain prerouting {
        type nat hook prerouting priority dstnat;
        iifname "wan0" meta l4proto udp udp dport . ip saddr @heard dnat ip to udp dport map @mapped
        HAIRPIN_IN
    }
    chain postrouting {
        type nat hook postrouting priority srcnat;
        HAIRPIN_OUT
        oifname "wan0" masquerade
    }
}
"""


def ruleset(kind, hairpin_address=None):
    """The rules of a router of that kind.

    With `hairpin_address`, its own outside address, a restricted router also turns packets from inside
    to a mapping of its own around.
    """
    rules = "flush ruleset\n"
    if kind == "none":
        return rules
    rules += STATEFUL.replace("BLOCK", "meta l4proto udp drop" if kind == "blocked" else "")
    if kind in ("easy", "blocked"):
        rules += MASQUERADE.replace("HOW", "")
    elif kind == "hard":
        rules += MASQUERADE.replace("HOW", "fully-random")
    elif kind == "restricted":
        turn_in = turn_out = ""
        if hairpin_address:
            turn_in = (f'iifname "lan0" ip daddr {hairpin_address} meta l4proto udp '
                       "dnat ip to udp dport map @mapped")
            turn_out = f'oifname "lan0" ct status dnat snat to {hairpin_address}'
        rules += RESTRICTED.replace("HAIRPIN_IN", turn_in).replace("HAIRPIN_OUT", turn_out)
    elif kind != "firewall":
        raise ValueError(f"no such kind of router: {kind}")
    return rules
