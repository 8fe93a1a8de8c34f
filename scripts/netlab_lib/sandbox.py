"""Namespaces of a run's own, where nothing outlives it: whether this machine lets one make them, and how
to get in."""

import os
import shutil
import signal
import subprocess
import sys

PACKAGES = {"ip": "iproute2", "nft": "nftables", "conntrack": "conntrack", "unshare": "util-linux",
            "sysctl": "procps"}


def what_is_missing(programs=tuple(PACKAGES)):
    """Why no hosts can be made here; None where they can."""
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    absent = [PACKAGES[name] for name in programs if shutil.which(name) is None]
    if absent:
        return "missing: apt-get install " + " ".join(absent)
    probe = subprocess.run([*enter(), "nft", "list", "ruleset"], capture_output=True, text=True)
    if probe.returncode != 0:
        return ("it needs root, or a kernel that lets users make namespaces and has nf_tables: "
                + probe.stderr.strip())
    return None


def enter():
    """A command's beginning that runs it in namespaces of its own."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *as_root, "--mount", "--net", "--pid", "--fork", "--kill-child",
            "--mount-proc"]


def settle():
    """The first thing inside: room for named namespaces, and an end in order when asked to end."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/run"], check=True)
    os.mkdir("/run/netns")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
