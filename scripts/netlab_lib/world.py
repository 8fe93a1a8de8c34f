"""Worlds of network namespaces: hosts, routers, the internet between them, and its server.

    host ── router ══ internet ── server (203.0.113.10 and .11, 2001:db8:5::10 and ::11)

A double line is a slow link: 25 ms each way by the project's link emulator, or by netem where the
kernel has it. A world is torn down when it is left; the lab as a whole lives in mount, network and
process-id namespaces of its own, so nothing outlives it however it ends.
"""

import contextlib
import ctypes
import dataclasses
import os
import signal
import socket
import subprocess
import threading
import time

from benchmark import testbed

from . import nat

SERVERS = ("203.0.113.10", "203.0.113.11")
SERVERS_6 = ("2001:db8:5::10", "2001:db8:5::11")
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def sh(*command, check=True, text=None):
    done = subprocess.run([str(word) for word in command], input=text, text=True, capture_output=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def ip(name, *arguments, check=True):
    return sh("ip", "-n", name, *arguments, check=check)


def socket_in(namespace, family, kind=socket.SOCK_DGRAM):
    """A socket of that namespace, for any thread: a socket stays where it was made."""
    made = []

    def make():
        try:
            with open(f"/run/netns/{namespace}") as handle:
                if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
            made.append(socket.socket(family, kind))
        except OSError as problem:
            made.append(problem)

    thread = threading.Thread(target=make)  # setns moves the thread that calls it, and only that
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


@dataclasses.dataclass
class Site:
    """A host behind a router behind an uplink. `versions` holds 4, 6 or both."""

    name: str
    number: int
    kind: str
    versions: tuple = (4,)
    behind: "Carrier | None" = None

    @property
    def router(self):
        return f"router-{self.name}"

    @property
    def is_translated(self):
        return self.kind not in ("none", "firewall")

    @property
    def lan(self):
        """The first three numbers of the inside network."""
        return f"192.168.{self.number}" if self.is_translated else f"198.19.{self.number}"

    @property
    def wan(self):
        return f"100.64.{self.number}" if self.behind else f"198.18.{self.number}"

    @property
    def address(self):
        return f"{self.lan}.2"

    @property
    def lan_6(self):
        return f"2001:db8:{self.number}00"


@dataclasses.dataclass
class Carrier:
    """A translator of a carrier, in front of home routers."""

    number: int
    kind: str
    hairpin: bool = False
    name: str = "carrier"

    @property
    def wan(self):
        return f"198.18.{self.number}"


class World:
    """The internet with its server; sites are added to it. Use it in a `with` statement."""

    def __init__(self, delay_ms=25):
        self.delay_ms = delay_ms
        self.sites = {}
        self.namespaces = []
        self.links = {}
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self._namespace("internet")
            self._namespace("server")
            self._cable("internet", "server0", "server", "eth0")
            self._address("internet", "server0", 4, "203.0.113.1/24")
            self._address("internet", "server0", 6, "2001:db8:5::1/64")
            for four, six in zip(SERVERS, SERVERS_6):
                self._address("server", "eth0", 4, f"{four}/24")
                self._address("server", "eth0", 6, f"{six}/64")
            ip("server", "route", "add", "default", "via", "203.0.113.1")
            ip("server", "-6", "route", "add", "default", "via", "2001:db8:5::1")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()
        for name in reversed(self.namespaces):
            for pid in sh("ip", "netns", "pids", name, check=False).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            sh("ip", "netns", "del", name, check=False)
        self.namespaces.clear()

    # What a world is made of

    def add_carrier(self, carrier):
        self._namespace(carrier.name)
        self._uplink(carrier.name, "wan0", carrier.number, carrier.wan)
        # Inside is a bridge, so that several homes share the carrier.
        ip(carrier.name, "link", "add", "lan0", "type", "bridge")
        ip(carrier.name, "link", "set", "lan0", "up")
        self.load_rules(carrier.name, carrier.kind, f"{carrier.wan}.2" if carrier.hairpin else None)
        return carrier

    def add_site(self, name, number, kind, versions=(4,), behind=None):
        site = Site(name, number, kind, versions, behind)
        self.sites[name] = site
        self._namespace(site.router)
        if behind:
            port = f"home{number}"
            self._cable(behind.name, port, site.router, "wan0")
            ip(behind.name, "link", "set", port, "master", "lan0")
            self._address(behind.name, "lan0", 4, f"{site.wan}.1/24")
            self._address(site.router, "wan0", 4, f"{site.wan}.2/24")
            ip(site.router, "route", "add", "default", "via", f"{site.wan}.1")
        else:
            self._uplink(site.router, "wan0", number, site.wan if 4 in versions else None,
                         6 in versions)
        self._namespace(name)
        ip(site.router, "link", "add", "lan0", "type", "bridge")
        ip(site.router, "link", "set", "lan0", "up")
        self.plug(name, site)
        if 4 in versions:
            self._address(site.router, "lan0", 4, f"{site.lan}.1/24")
            if not site.is_translated:
                ip("internet", "route", "add", f"{site.lan}.0/24", "via", f"{site.wan}.2")
        if 6 in versions:
            self._address(site.router, "lan0", 6, f"{site.lan_6}::1/64")
            ip("internet", "-6", "route", "add", f"{site.lan_6}::/64", "via",
               f"2001:db8:{number}::2")
        self.connect(name, site)
        self.load_rules(site.router, site.kind)
        return site

    def add_neighbour(self, name, site):
        """Another host in the same house."""
        self._namespace(name)
        self.plug(name, site)
        self.connect(name, site, last=3)

    def plug(self, host, site, device="eth0"):
        """A cable from a host to a house; without addresses."""
        port = f"{host}-{device}"
        self._cable(site.router, port, host, device)
        ip(site.router, "link", "set", port, "master", "lan0")

    def connect(self, host, site, device="eth0", last=2):
        """Gives a host its addresses in a house, and its way out."""
        if 4 in site.versions:
            self._address(host, device, 4, f"{site.lan}.{last}/24")
            ip(host, "route", "replace", "default", "via", f"{site.lan}.1")
        if 6 in site.versions:
            self._address(host, device, 6, f"{site.lan_6}::{last}/64")
            ip(host, "-6", "route", "replace", "default", "via", f"{site.lan_6}::1")

    def move(self, host, site, device):
        """Pulls a host's cables and plugs it into another house: all its addresses change."""
        for line in ip(host, "-o", "link", "show").splitlines():
            name = line.split(": ")[1].split("@")[0]
            if name != "lo":
                ip(host, "link", "del", name)
        self.plug(host, site, device)
        self.connect(host, site, device)

    def join_hosts(self, one, other, network):
        """A cable straight between two hosts."""
        self._cable(one, "cable0", other, "cable0")
        self._address(one, "cable0", 4, f"{network}.1/24")
        self._address(other, "cable0", 4, f"{network}.2/24")

    def add_dead_addresses(self, host, number):
        """Interfaces that are up and lead nowhere: a tunnel, a private network, a lonely IPv6."""
        for index, (version, address) in enumerate((
                (4, f"10.99.{number}.1/24"), (4, f"172.17.{number}.1/24"),
                (6, f"fd99:{number}::1/64"), (6, f"2001:db8:dead:{number}::1/64"))):
            device = f"dead{index}"
            sh("ip", "link", "add", device, "netns", host, "type", "veth", "peer", "name",
               f"nowhere{index}", "netns", host)
            ip(host, "link", "set", device, "up")
            ip(host, "link", "set", f"nowhere{index}", "up")
            self._address(host, device, version, address)

    def narrow(self, router, mtu):
        """Larger UDP packets than `mtu` vanish at the uplink, without a word: a black hole."""
        if mtu < 1500:
            sh("ip", "netns", "exec", router, "nft", "-f", "-", text=f"""
                table inet narrow {{
                    chain forward {{
                        type filter hook forward priority -2;
                        meta l4proto udp meta length > {mtu} drop
                    }}
                }}""")

    def load_rules(self, router, kind, hairpin_address=None):
        sh("ip", "netns", "exec", router, "nft", "-f", "-",
           text=nat.ruleset(kind, hairpin_address))

    def reboot(self, router, kind, seconds=2.0):
        """The router is away for a while and has forgotten everything when it is back."""
        ip(router, "link", "set", "lan0", "down")
        self.load_rules(router, "blocked")
        sh("ip", "netns", "exec", router, "conntrack", "-F", check=False)
        time.sleep(seconds)
        self.load_rules(router, kind)
        sh("ip", "netns", "exec", router, "conntrack", "-F", check=False)
        ip(router, "link", "set", "lan0", "up")

    def cut(self, router, seconds):
        """The uplink is dead for a while; the router knows no less when it is back."""
        ip(router, "link", "set", "lan0", "down")
        time.sleep(seconds)
        ip(router, "link", "set", "lan0", "up")

    # Parts

    def _namespace(self, name):
        sh("ip", "netns", "add", name)
        self.namespaces.append(name)
        ip(name, "link", "set", "lo", "up")
        settings = {
            "net.ipv4.ip_forward": 0 if name in ("server",) else 1,
            "net.ipv6.conf.all.forwarding": 1,
            # Addresses are used at once, not after a second of asking whether somebody has them.
            "net.ipv6.conf.default.accept_dad": 0,
            "net.ipv6.conf.all.accept_dad": 0,
            "net.ipv6.conf.default.accept_ra": 0,
        }
        sh("ip", "netns", "exec", name, "sysctl", "-q", "-w",
           *(f"{key}={value}" for key, value in settings.items()))

    def _cable(self, left, left_device, right, right_device):
        sh("ip", "link", "add", left_device, "netns", left, "type", "veth", "peer", "name",
           right_device, "netns", right)
        ip(left, "link", "set", left_device, "up")
        ip(right, "link", "set", right_device, "up")

    def _uplink(self, router, device, number, wan, has_6=False):
        """Joins a router to the internet; its address ends in 2."""
        far = f"up{number}"
        if self.delay_ms and not has_netem():
            self._emulated(router, device, far, wan or f"198.18.{number}")
        else:
            self._cable("internet", far, router, device)
            if wan:
                self._address("internet", far, 4, f"{wan}.1/24")
                self._address(router, device, 4, f"{wan}.2/24")
            for name, end in (("internet", far), (router, device)):
                if self.delay_ms:
                    sh("ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", end, "root",
                       "netem", "delay", f"{self.delay_ms}ms", "limit", "20000")
        if wan:
            ip(router, "route", "replace", "default", "via", f"{wan}.1")
        elif self.delay_ms and not has_netem():
            ip(router, "address", "flush", "dev", device)
            ip("internet", "address", "flush", "dev", far)
        if has_6:
            self._address("internet", far, 6, f"2001:db8:{number}::1/64")
            self._address(router, device, 6, f"2001:db8:{number}::2/64")
            ip(router, "-6", "route", "replace", "default", "via", f"2001:db8:{number}::1", "dev",
               device)

    def _emulated(self, router, device, far, wan):
        emulator = subprocess.Popen(
            [testbed.linkemulator(), "--with-parent", "--both", f"delay={self.delay_ms}ms",
             "--a", f"{router}:{device}:{wan}.2/24", "--b", f"internet:{far}:{wan}.1/24"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.stack.callback(self._end, emulator)
        if emulator.stderr.readline().strip() != "ready":
            raise testbed.Missing("the link emulator did not start")

    @staticmethod
    def _end(process):
        process.terminate()
        process.wait()
        process.stderr.close()

    def _address(self, name, device, version, address):
        extra = ("nodad",) if version == 6 else ()
        ip(name, f"-{version}", "address", "add", address, "dev", device, *extra)


def has_netem(known=[]):
    """Whether this kernel delays packets by itself."""
    if not known:
        # On the loopback of the lab's own namespace, which nothing uses.
        tried = subprocess.run(["tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"],
                               capture_output=True)
        known.append(tried.returncode == 0)
    return known[0]
