"""The programs that race. Each moves one file or one folder from end a to end b, encrypted except where
its name says otherwise, and is timed from the start of its first process until both ends are over.
"""

import os
import pathlib
import shutil
import subprocess
import time

from benchmark.testbed import ROOT

PORT = 7722


class Failed(Exception):
    """A transfer that did not end well, with what the program said."""


class Transfer:
    """What one transfer took: wall seconds, CPU seconds of both ends together, and the peak memory in
    bytes of the largest process of the sending and of the receiving end."""

    def __init__(self, wall, sender, receiver):
        self.wall = wall
        self.cpu = sender.cpu + receiver.cpu
        self.sender_peak = sender.peak
        self.receiver_peak = receiver.peak

    def record(self):
        return dict(vars(self))


def succeeded(name, *ends):
    for end in ends:
        if end.code != 0:
            raise Failed(f"{name}: a process ended with {end.code}")


class Contender:
    """A program. `encrypted` says whether it protects what it moves."""

    encrypted = True

    def missing(self):
        """What to install, or None if it can run."""

    def start(self, bed, source, target):
        """Begins to move `source` into the folder `target` and gives a function that waits for the
        end, at most so many seconds, and returns the Transfer; or None if that time is over."""
        raise NotImplementedError

    def transfer(self, bed, source, target, seconds=None):
        return self.start(bed, source, target)(seconds)


class Sealift(Contender):
    name = "sealift"

    def __init__(self, send=(), receive=()):
        self.binary = os.environ.get("SEALIFT_BINARY", str(ROOT / ".build/release/sealift"))
        self.send_options = [*os.environ.get("SEALIFT_SEND_OPTIONS", "").split(), *send]
        self.receive_options = [*os.environ.get("SEALIFT_RECEIVE_OPTIONS", "").split(), *receive]

    def missing(self):
        return None if os.access(self.binary, os.X_OK) else f"no {self.binary}: make build"

    def home(self, bed, side):
        return os.environ | {"SEALIFT_HOME": str(bed.path(side, "home"))}

    def start_sender(self, bed, source):
        """The sender, its ticket, and where it writes its messages."""
        log = open(bed.path("a", "send.log"), "w+")
        sender = bed.start("a", self.binary, "send", "--listen", bed.address("a") + ":0",
                           *self.send_options, source, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=log, text=True, env=self.home(bed, "a"))
        ticket = sender.stdout.readline().strip()
        if not ticket:
            sender.wait()
            raise Failed("sealift send: " + self.message(bed.path("a", "send.log")))
        return sender, ticket

    def start_receiver(self, bed, ticket, target, json=None):
        """The receiver; with `json` its events go to that file."""
        log = open(bed.path("b", "receive.log"), "w")
        return bed.start("b", self.binary, "receive", "--yes", "--output", target,
                         *(["--json"] if json else []), *self.receive_options,
                         stdin=subprocess.DEVNULL, stdout=json or subprocess.DEVNULL, stderr=log,
                         env=self.home(bed, "b") | {"SEALIFT_TICKET": ticket})

    @staticmethod
    def message(path):
        return "; ".join(pathlib.Path(path).read_text(errors="replace").splitlines()[-6:])

    def start(self, bed, source, target):
        # A home that has seen the file knows its hashes: every run begins with nothing known.
        for side in "ab":
            shutil.rmtree(bed.path(side, "home"), ignore_errors=True)
        began = time.monotonic()
        sender, ticket = self.start_sender(bed, source)
        receiver = self.start_receiver(bed, ticket, target)

        def wait(seconds=None):
            received = receiver.wait(seconds)
            if received.code is None:
                sender.stop()
                return None
            sent = sender.wait(30)
            if received.code != 0 or sent.code != 0:
                raise Failed(f"sealift: send {sent.code}, receive {received.code}: "
                             + self.message(bed.path("b", "receive.log")) + " | "
                             + self.message(bed.path("a", "send.log")))
            return Transfer(time.monotonic() - began, sent, received)

        return wait


class OverSSH(Contender):
    """What runs over ssh: a server of its own at end b, throwaway keys, and the cipher that is
    fastest on a processor with AES instructions rather than the default, which is slower."""

    def missing(self):
        absent = [p for p in (self.name, "ssh", "/usr/sbin/sshd") if shutil.which(p) is None]
        return "apt-get install rsync openssh-client openssh-server" if absent else None

    def serve(self, bed):
        keys = bed.path("b", "ssh")
        if not keys.exists():
            keys.mkdir(mode=0o700)
            for name in ("host", "user"):
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / name],
                               check=True)
            shutil.copy(keys / "user.pub", keys / "authorized")
            (keys / "config").write_text(
                f"Port {PORT}\nListenAddress {bed.address('b')}\nHostKey {keys}/host\n"
                f"AuthorizedKeysFile {keys}/authorized\nStrictModes no\nUsePAM no\nPidFile none\n"
                "PermitRootLogin prohibit-password\nPasswordAuthentication no\n"
                "Subsystem sftp internal-sftp\n")
        os.makedirs("/run/sshd", exist_ok=True)
        server = bed.start("b", "/usr/sbin/sshd", "-D", "-q", "-f", keys / "config")
        bed.wait_for_port("b", PORT)
        return server

    def options(self, bed):
        keys = bed.path("b", "ssh")
        return ["-F", "none", "-i", str(keys / "user"), "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                "-o", "Ciphers=aes128-gcm@openssh.com"]

    def client(self, bed, source, target):
        raise NotImplementedError

    def start(self, bed, source, target):
        server = self.serve(bed)
        client = bed.start("a", *self.client(bed, source, target), stdout=subprocess.DEVNULL,
                           stderr=open(bed.path("a", "client.log"), "w"))

        def wait(seconds=None):
            sent = client.wait(seconds)
            wall = sent.wall
            self.let_sessions_end(server)
            served = server.stop()
            if sent.code is None:
                return None
            succeeded(self.name, sent)
            return Transfer(wall, sent, served)

        return wait

    @staticmethod
    def let_sessions_end(server):
        """The server is charged for its sessions once it has collected them."""
        until = time.monotonic() + 3
        children = f"/proc/{server.child.pid}/task/{server.child.pid}/children"
        while time.monotonic() < until:
            try:
                if not pathlib.Path(children).read_text().strip():
                    break
            except OSError:
                break
            time.sleep(0.01)


class SecureCopy(OverSSH):
    name = "scp"

    def client(self, bed, source, target):
        return ["scp", "-q", "-r", "-P", str(PORT), *self.options(bed), str(source),
                f"root@{bed.address('b')}:{target}/"]


class Rsync(OverSSH):
    name = "rsync"

    def client(self, bed, source, target):
        shell = " ".join(["ssh", "-p", str(PORT), *self.options(bed)])
        return ["rsync", "-a", "--inplace", "-e", shell, str(source), f"root@{bed.address('b')}:{target}/"]


class MagicWormhole(Contender):
    name = "magic-wormhole"

    def __init__(self):
        own = ROOT / ".build/benchmark/wormhole/bin"
        self.wormhole = str(own / "wormhole") if (own / "wormhole").exists() else shutil.which("wormhole")
        self.twist = str(own / "twist") if (own / "twist").exists() else shutil.which("twist")
        self.count = 0

    def missing(self):
        return None if self.wormhole and self.twist else "scripts/bench-tools (magic-wormhole from PyPI)"

    def start(self, bed, source, target):
        mailbox = bed.start("b", self.twist, "wormhole-mailbox", f"--port=tcp:{PORT + 1}:interface=0.0.0.0",
                            f"--channel-db={bed.path('b', 'mailbox.sqlite')}",
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        bed.wait_for_port("b", PORT + 1)
        self.count += 1
        code = f"{self.count}-guitarist-revenge"
        common = [self.wormhole, "--relay-url", f"ws://{bed.address('b')}:{PORT + 1}/v1",
                  "--transit-helper", f"tcp:{bed.address('b')}:{PORT + 2}"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        began = time.monotonic()
        sender = bed.start("a", *common, "send", "--hide-progress", "--code", code, source, **quiet)
        receiver = bed.start("b", *common, "receive", "--hide-progress", "--accept-file",
                             "--output-file", pathlib.Path(target) / pathlib.Path(source).name, code, **quiet)

        def wait(seconds=None):
            received = receiver.wait(seconds)
            if received.code is not None:
                sent = sender.wait(60)
            wall = time.monotonic() - began
            sender.stop()
            mailbox.stop()
            if received.code is None:
                return None
            succeeded(self.name, sent, received)
            return Transfer(wall, sent, received)

        return wait


class PlainTCP(Contender):
    """One TCP stream without encryption or proof: the price of those is the distance to it."""

    name = "tcp, not encrypted"
    encrypted = False

    def missing(self):
        return None if shutil.which("socat") else "apt-get install socat"

    def start(self, bed, source, target):
        source, target = pathlib.Path(source), pathlib.Path(target)
        listen, dial = f"TCP-LISTEN:{PORT},bind={bed.address('b')},reuseaddr", f"TCP:{bed.address('b')}:{PORT}"
        if source.is_dir():
            take = f"socat -u -b 262144 {listen} - | tar -C '{target}' -x"
            give = f"tar -C '{source.parent}' -c '{source.name}' | socat -u -b 262144 - {dial}"
        else:
            take = f"exec socat -u -b 262144 {listen} CREATE:'{target / source.name}'"
            give = f"exec socat -u -b 262144 OPEN:'{source}',rdonly {dial}"
        receiver = bed.start("b", "sh", "-c", take)
        bed.wait_for_port("b", PORT)
        sender = bed.start("a", "sh", "-c", give)

        def wait(seconds=None):
            received = receiver.wait(seconds)
            wall = time.monotonic() - sender.started
            if received.code is None:
                sender.stop()
                return None
            sent = sender.wait(10)
            succeeded(self.name, sent, received)
            return Transfer(wall, sent, received)

        return wait


def all_contenders():
    """Those of $CONTENDERS (names, separated by commas), or all; of these, what this machine has."""
    wanted = [name for name in os.environ.get("CONTENDERS", "").split(",") if name]
    found = []
    for contender in (Sealift(), SecureCopy(), Rsync(), MagicWormhole(), PlainTCP()):
        if wanted and contender.name not in wanted and contender.name.split(",")[0] not in wanted:
            continue
        missing = contender.missing()
        if missing:
            print(f"not in this run: {contender.name}; {missing}", flush=True)
        else:
            found.append(contender)
    return found
