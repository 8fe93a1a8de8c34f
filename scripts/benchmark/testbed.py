"""Two machines in one: a pair of network namespaces and the link between them.

Everything a testbed makes (namespaces, devices, mounts, processes) is gone when it is left, however
it is left. Only one runs at a time: two would measure each other.
"""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCK = "/run/sealift-testbed.lock"
ADDRESSES = {"a": "10.77.0.1", "b": "10.77.0.2"}
NAMESPACES = {"a": "sealift-a", "b": "sealift-b"}


class Missing(Exception):
    """Something the testbed needs is not on this machine; the message says what to do."""


def end_in_order(number, _):
    """SIGTERM and SIGHUP end a benchmark as an error would: what it made is removed."""
    print(f"ended by {signal.Signals(number).name}", file=sys.stderr, flush=True)
    sys.exit(128 + number)


def need(*programs):
    packages = {"iperf3": "iperf3", "ip": "iproute2", "ping": "iputils-ping", "rsync": "rsync",
                "ssh": "openssh-client", "/usr/sbin/sshd": "openssh-server"}
    absent = [packages.get(p, p) for p in programs if shutil.which(p) is None]
    if absent:
        raise Missing("missing: apt-get install " + " ".join(absent))


def sh(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def linkemulator():
    """The emulator's binary: $LINKEMULATOR, or the build's, or one compiled here."""
    named = os.environ.get("LINKEMULATOR")
    if named:
        return named
    built = ROOT / ".build/release/linkemulator"
    if built.exists():
        return str(built)
    target = ROOT / ".build/benchmark/linkemulator"
    sources = sorted((ROOT / "Sources/linkemulator").glob("*.c"))
    newest = max(source.stat().st_mtime for source in sources)
    if not target.exists() or target.stat().st_mtime < newest:
        target.parent.mkdir(parents=True, exist_ok=True)
        compiler = shutil.which("cc") or shutil.which("clang")
        if compiler is None:
            raise Missing("missing: a C compiler (apt-get install gcc)")
        sh(compiler, "-std=gnu11", "-O2", "-o", str(target), *map(str, sources))
    return str(target)


class MemoryWatch(threading.Thread):
    """Reads the peak memory (VmHWM) of the processes that are measured, twenty times a second.

    The kernel keeps the peak, so only what a process grows in its last moments can be missed. What
    wait4 reports is no use: it counts what the process was before it became the program.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.peaks = {}
        self.guard = threading.Lock()

    def add(self, pid):
        with self.guard:
            self.peaks[pid] = 0
        if not self.is_alive():
            self.start()

    def take(self, pid):
        with self.guard:
            return self.peaks.pop(pid, 0)

    def run(self):
        while True:
            with self.guard:
                pids = list(self.peaks)
            for pid in pids:
                peak = max((self.peak(member) for member in self.family(pid)), default=0)
                with self.guard:
                    if pid in self.peaks:
                        self.peaks[pid] = max(self.peaks[pid], peak)
            time.sleep(0.05)

    @classmethod
    def family(cls, pid):
        """The process and its descendants."""
        yield pid
        try:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return
        for child in children:
            yield from cls.family(int(child))

    @staticmethod
    def peak(pid):
        try:
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        except OSError:
            pass
        return 0


memory_watch = MemoryWatch()


class Finished:
    """How a process ended: exit code, wall seconds, CPU seconds of it and the children it waited for,
    and the peak memory in bytes of the largest process among them."""

    def __init__(self, status, wall, usage, peak):
        self.code = os.waitstatus_to_exitcode(status)
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = peak


class Process:
    """A child whose resources are counted."""

    def __init__(self, command, **options):
        self.started = time.monotonic()
        self.child = subprocess.Popen(command, **options)
        self.stdout = self.child.stdout
        self.finished = None
        memory_watch.add(self.child.pid)

    def poll(self):
        if self.finished is None:
            pid, status, usage = os.wait4(self.child.pid, os.WNOHANG)
            if pid:
                self._note(status, usage)
        return self.finished

    def wait(self, timeout=None):
        """Waits for the end; after `timeout` seconds ends it and says so with code None."""
        if timeout is None:
            if self.finished is None:
                _, status, usage = os.wait4(self.child.pid, 0)
                self._note(status, usage)
            return self.finished
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                self.stop()
                self.finished.code = None
                break
            time.sleep(0.002)
        return self.finished

    def stop(self, signal_number=signal.SIGTERM):
        """Asks it to end, and insists after five seconds."""
        for number, seconds in ((signal_number, 5), (signal.SIGKILL, 5)):
            if self.poll() is not None:
                break
            # Not `Popen.send_signal`: it collects a child that has just ended, and its usage with it.
            os.kill(self.child.pid, number)
            until = time.monotonic() + seconds
            while self.poll() is None and time.monotonic() < until:
                time.sleep(0.002)
        return self.finished

    def _note(self, status, usage):
        wall = time.monotonic() - self.started
        self.finished = Finished(status, wall, usage, memory_watch.take(self.child.pid))
        self.child.returncode = self.finished.code


class Storage:
    """A directory for each end, on a tmpfs of its own or, with `disk`, in a folder of that disk."""

    def __init__(self, disk=None, size="22G"):
        self.disk, self.size = disk, size

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, end_in_order)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sealift-testbed.", dir=self.disk))
        if self.disk is None:
            sh("mount", "-t", "tmpfs", "-o", f"size={self.size}", "sealift-testbed", str(self.directory))
        for side in "ab":
            (self.directory / side).mkdir()
        return self

    def __exit__(self, *_):
        if self.disk is not None:
            shutil.rmtree(self.directory)
            return
        for _ in range(50):
            if subprocess.run(["umount", self.directory], stderr=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.1)  # somebody who was killed still holds a file
        else:
            sh("umount", "--lazy", str(self.directory))
        self.directory.rmdir()


class Testbed:
    """Two ends, `a` and `b`. Use it in a `with` statement. Files lie in `storage`, or on a tmpfs that
    lives as long as the testbed."""

    def __init__(self, link, storage=None):
        self.link = link
        self.storage = storage
        self.own_storage = None
        self.processes = []
        self.emulator = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise Missing("the testbed makes network namespaces: run it as root")
        need("ip", "mount")
        self.lock = open(LOCK, "w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Missing("another testbed is running on this machine") from None
        self._remove_namespaces()  # of a run that was killed; the lock says none is alive
        try:
            if self.storage is None:
                self.own_storage = self.storage = Storage().__enter__()
            self.directory = self.storage.directory
            self._make_ends()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop()
        self._remove_namespaces()
        if self.own_storage:
            self.own_storage.__exit__()
        self.lock.close()

    def path(self, side, *names):
        return self.directory.joinpath(side, *names)

    def address(self, side):
        return self.link.address(side)

    def command(self, side, *command):
        """`command`, to be run at one end."""
        return [*self.link.prefix(side), *map(str, command)]

    def start(self, side, *command, **options):
        process = Process(self.command(side, *command), **options)
        self.processes.append(process)
        return process

    def run(self, side, *command, **options):
        """Runs to the end and gives what it printed."""
        return subprocess.run(self.command(side, *command), check=True, text=True,
                              stdout=subprocess.PIPE, **options).stdout

    def wait_for_port(self, side, port, kind="tcp", seconds=20):
        """Until somebody listens at one end."""
        flag = "-Hltn" if kind == "tcp" else "-Hlun"
        until = time.monotonic() + seconds
        while f":{port} " not in self.run(side, "ss", flag):
            if time.monotonic() > until:
                raise TimeoutError(f"nobody listens on port {port}")
            time.sleep(0.02)

    def _make_ends(self):
        if not self.link.namespaces:
            return
        for side in "ab":
            sh("ip", "netns", "add", NAMESPACES[side])
            sh("ip", "-n", NAMESPACES[side], "link", "set", "lo", "up")
            # No router solicitations: each would take a random draw of the emulator's.
            self.run(side, "sysctl", "-q", "-w", "net.ipv6.conf.default.disable_ipv6=1")
        self.link.make(self)
        for side in "ab":
            for name, value in self.link.settings().items():
                self.run(side, "sysctl", "-q", "-w", f"{name}={value}")

    @staticmethod
    def _remove_namespaces():
        existing = set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else set()
        for name in existing & set(NAMESPACES.values()):
            pids = subprocess.run(["ip", "netns", "pids", name], stdout=subprocess.PIPE, text=True)
            for pid in pids.stdout.split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            sh("ip", "netns", "del", name)


class Link:
    """What lies between the ends."""

    namespaces = True

    def address(self, side):
        return ADDRESSES[side]

    def prefix(self, side):
        return ["ip", "netns", "exec", NAMESPACES[side]]

    def settings(self):
        """sysctls of each end. No end remembers the path of an earlier run."""
        return {"net.ipv4.tcp_no_metrics_save": 1}


class Loopback(Link):
    """Both ends on the machine's own loopback."""

    namespaces = False
    name = "loopback"

    def address(self, side):
        return "127.0.0.1"

    def prefix(self, side):
        return []


class VirtualEthernet(Link):
    """A veth pair: a LAN without a wire."""

    def __init__(self, mtu):
        self.mtu = mtu
        self.name = f"veth, MTU {mtu}"

    def make(self, testbed):
        sh("ip", "link", "add", "lan0", "mtu", str(self.mtu), "netns", NAMESPACES["a"], "type", "veth",
           "peer", "name", "lan0", "mtu", str(self.mtu), "netns", NAMESPACES["b"])
        for side in "ab":
            sh("ip", "-n", NAMESPACES[side], "addr", "add", ADDRESSES[side] + "/24", "dev", "lan0")
            sh("ip", "-n", NAMESPACES[side], "link", "set", "lan0", "up")


class Emulated(Link):
    """A long link from the emulator. `rtt` in seconds, `rate` in bits a second, `loss` as a share
    each way, `queue` in bandwidth-delay products; `extra` goes to the emulator's --both as it is."""

    def __init__(self, rtt, rate, loss, queue=1, seed=1, extra="", samples=None, mtu=1500):
        self.rtt, self.rate, self.loss, self.queue = rtt, rate, loss, queue
        self.seed, self.extra, self.samples, self.mtu = seed, extra, samples, mtu
        self.name = f"{rtt * 1000:g} ms, {loss * 100:g} %, {rate / 1e6:g} Mbit/s"

    @property
    def bdp(self):
        """Bytes."""
        return int(self.rate / 8 * self.rtt)

    def settings(self):
        """TCP buffers of eight bandwidth-delay products: the kernel spends up to half of a buffer
        on its own book-keeping, and four must be left."""
        most = max(8 * self.bdp, 6 << 20)
        return super().settings() | {
            "net.ipv4.tcp_rmem": f"4096 131072 {most}",
            "net.ipv4.tcp_wmem": f"4096 131072 {most}",
            "net.ipv4.tcp_slow_start_after_idle": 0,
        }

    def make(self, testbed):
        conditions = (f"delay={self.rtt / 2 * 1e6:g}us,rate={self.rate}bit,queue={self.queue}bdp,"
                      f"loss={self.loss}" + (f",{self.extra}" if self.extra else ""))
        command = [linkemulator(), "--with-parent", "--both", conditions, "--seed", str(self.seed),
                   "--mtu", str(self.mtu)]
        for side in "ab":
            command += [f"--{side}", f"{NAMESPACES[side]}:wan0:{ADDRESSES[side]}/24"]
        if self.samples:
            command += ["--samples", str(self.samples), "--sample-interval", "10ms"]
        testbed.emulator = Process(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        testbed.processes.append(testbed.emulator)
        ready = testbed.emulator.child.stderr.readline()
        if ready.strip() != "ready":
            raise Missing(ready.strip() or "the link emulator did not start")


def emulator_report(testbed):
    """Ends the emulated link and gives its counters."""
    testbed.emulator.stop()
    return json.loads(testbed.emulator.stdout.read())
