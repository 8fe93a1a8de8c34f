"""Transfers of the real program between two hosts of a world: reached or not, how soon, and intact."""

import contextlib
import hashlib
import random
import shutil
import signal
import statistics
import time

from .ends import Failure, Process, RendezvousServer
from .world import SERVERS, SERVERS_6

DIAGNOSIS_LIMIT = 20  # seconds until "cannot be reached" must be said
CANNOT_CONNECT = 3


def make_source(lab, mebibytes):
    """A folder with one file of that size without holes, and some small ones."""
    folder = lab.folder / f"source-{mebibytes}" / "tree"
    if not folder.exists():
        folder.mkdir(parents=True)
        draw = random.Random(mebibytes)
        with open(folder / "big", "wb") as big:
            for _ in range(mebibytes):
                big.write(draw.randbytes(1 << 20))
        for number in range(8):
            (folder / f"small-{number}").write_bytes(draw.randbytes(number * 1000))
    return folder


def digests(root):
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*")) if path.is_file()}


class Encounter:
    """A rendezvous server, a sender at host `a` and a receiver at host `b`. Ends all it starts."""

    def __init__(self, lab, versions=(4,), size=None, sender=("a",), receiver=("b",), rate=None,
                 send_options=(), receive_options=(), recorder=None, environment=None):
        self.lab = lab
        self.versions = versions
        self.source = make_source(lab, size or lab.options.size)
        self.sender_host, self.receiver_host = sender[0], receiver[0]
        self.send_options = [*send_options, *(["--rate", rate] if rate else [])]
        self.receive_options = receive_options
        self.recorder = recorder
        lab.starts += 1
        self.folder = lab.folder / f"encounter-{lab.starts:03}"
        self.folder.mkdir()
        self.ticket = self.folder / "ticket"
        self.output = self.folder / "output"
        self.server = self.sender = self.receiver = None
        self.environment = {}
        self.more_environment = environment or {}

    def __enter__(self):
        try:
            self.start_server()
            self.sender = self.send()
            self.sender.wait_for("listening", 30)
            time.sleep(1)  # until it has subscribed to its mailbox: nobody tells
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in (self.receiver, self.sender, self.server):
            if process:
                process.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_server(self):
        home = self.server.home if self.server else f"server-{self.lab.starts}"
        if self.recorder:
            self.server = RendezvousServer(self.lab, (), "127.0.0.1:7441", home=home)
            self.environment = {"SEALIFT_RENDEZVOUS": self.recorder.address,
                                "SEALIFT_STUN": " ".join(SERVERS)}
            return
        self.server = RendezvousServer(self.lab, self.versions, home=home)
        stun = [*(SERVERS if 4 in self.versions else ()),
                *(f"[{address}]" for address in (SERVERS_6 if 6 in self.versions else ()))]
        self.environment = {"SEALIFT_RENDEZVOUS": " ".join(self.server.addresses),
                            "SEALIFT_STUN": " ".join(stun)}

    def stop_server(self, number=signal.SIGKILL):
        self.server.end(number)

    def send(self):
        return Process(self.lab, self.sender_host, "send", "--json", "--ticket-file", self.ticket,
                       *self.send_options, self.source, **self.environment,
                       **self.more_environment)

    def receive(self):
        self.receiver = Process(self.lab, self.receiver_host, "receive", "--json", "--yes",
                                "--ticket-file", self.ticket, "--output", self.output,
                                *self.receive_options, **self.environment,
                                **self.more_environment)
        return self.receiver

    def finish(self, seconds=120):
        """Waits for both ends; everything must be there. Gives the receiver's summary."""
        status = self.receiver.wait(seconds)
        if status != 0:
            raise Failure(f"the receiver ended with {status}: {self.receiver.said()}")
        if self.sender.wait(30) != 0:
            raise Failure(f"the sender ended with {self.sender.process.returncode}: "
                          f"{self.sender.said()}")
        if digests(self.source) != digests(self.output / "tree"):
            raise Failure("what arrived is not what was sent")
        return self.receiver.events("complete")[-1]

    def first_piece(self):
        """Seconds from the receiver's start to its first proven piece."""
        return self.receiver.since_start("progress", lambda event: event["bytes_done"] > 0)

    def paths(self):
        """How the receiver said that it was connected, each time."""
        return [event["path"] for event in self.receiver.events("connected")]

    def must_be_direct(self, seconds=60):
        return self.must_be("direct", seconds)

    def must_be(self, path, seconds=60):
        self.receive()
        self.finish(seconds)
        if set(self.paths()) != {path}:
            raise Failure(f"the path was {self.paths()}, not {path}")
        return self.first_piece()

    def must_end_in_diagnosis(self, words=()):
        """The receiver must give up in time and say why. Gives (seconds, what it said)."""
        self.receive()
        status = self.receiver.wait(DIAGNOSIS_LIMIT + 15)
        took = time.monotonic() - self.receiver.started
        if status != CANNOT_CONNECT:
            raise Failure(f"ended with {status}, not {CANNOT_CONNECT}: {self.receiver.said()}")
        if took > DIAGNOSIS_LIMIT:
            raise Failure(f"said it after {took:.1f} s, not {DIAGNOSIS_LIMIT}")
        said = self.receiver.said()
        missing = [word for word in words if word not in said]
        if missing:
            raise Failure(f"the diagnosis does not say {missing}: {said}")
        return took, said


def median_of(runs, play):
    """The median of several runs' results."""
    return statistics.median(play() for _ in range(runs))


@contextlib.contextmanager
def in_mid_transfer(encounter, share=0.15, seconds=40):
    """Starts the receiver and hands over once that share of the bytes has arrived."""
    receiver = encounter.receive()
    total = sum(path.stat().st_size for path in encounter.source.rglob("*") if path.is_file())
    receiver.wait_for("progress", seconds, lambda event: event["bytes_done"] >= share * total)
    yield receiver
