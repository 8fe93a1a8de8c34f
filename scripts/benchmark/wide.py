"""What the wide-area benchmark measures: one function per kind of row. Each makes its own link, so
that no run meets the queue or the memory of another."""

import csv
import json
import os
import shutil
import signal
import subprocess
import time

from benchmark import loads
from benchmark.contenders import Failed, Rsync, Sealift
from benchmark.testbed import ADDRESSES, Emulated, Testbed, emulator_report

DEVNULL = subprocess.DEVNULL


def fresh_target(bed):
    target = bed.path("b", "in")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    return target


def start_up(samples, rtt, rate):
    """Round trips from the first packet until half of the link's rate is delivered at b over one whole
    round trip; None if that never happens."""
    with open(samples) as file:
        points = [(float(row["seconds"]), int(row["a_to_b_bytes"]), int(row["b_to_a_bytes"]))
                  for row in csv.DictReader(file)]
    first = next((time for time, forth, back in points if forth or back), None)
    if first is None:
        return None
    behind = 0
    for seconds, forth, _ in points:
        while points[behind][0] < seconds - rtt:
            behind += 1
        if behind and (forth - points[behind][1]) * 8 / (seconds - points[behind][0]) >= rate / 2:
            # The first packet had been half a round trip under way when it was counted.
            return (seconds - first) / rtt + 0.5
    return None


def sealift(storage, load, link, seconds, send=(), receive=()):
    """One transfer: share of the link from the first start to the last exit, CPU, memory, start-up."""
    link.samples = storage.directory / "samples.csv"
    with Testbed(link, storage) as bed:
        target = fresh_target(bed)
        took = Sealift(send, receive).transfer(bed, load.path, target, seconds)
        emulated = emulator_report(bed)
        if took and not loads.same(load.path, target / load.path.name):
            raise Failed("the copy differs from its source")
        shutil.rmtree(target)
    result = {"emulator": emulated, "valid": emulated["valid"],
              "start_up": start_up(link.samples, link.rtt, link.rate)}
    if took is None:
        delivered = emulated["a_to_b"]["udp_bytes_out"] * 8 / emulated["active_seconds"]
        return result | {"share": None, "delivered": delivered / link.rate}
    return result | took.record() | {"share": load.bytes * 8 / took.wall / link.rate}


def tcp(link, algorithm, seconds):
    """Share of the link that one TCP stream gets from memory to memory, start-up included."""
    with Testbed(link) as bed:
        bed.start("b", "iperf3", "-s", "-1", stdout=DEVNULL, stderr=DEVNULL)
        bed.wait_for_port("b", 5201)
        output = bed.run("a", "iperf3", "-c", ADDRESSES["b"], "-C", algorithm, "-t", seconds, "-J")
        emulated = emulator_report(bed)
    received = json.loads(output)["end"]["sum_received"]
    # Over the time asked for: what is still in the queue afterwards is not counted twice.
    return {"share": received["bytes"] * 8 / max(seconds, received["seconds"]) / link.rate,
            "valid": emulated["valid"], "emulator": emulated}


def rsync(storage, load, link, algorithm, seconds):
    """Share of the link that rsync over ssh gets, over `seconds` or until it is done."""
    with Testbed(link, storage) as bed:
        # By route: a namespace may not make a restricted algorithm its default.
        for side in "ab":
            bed.run(side, "ip", "route", "change", "10.77.0.0/24", "dev", "wan0", "src",
                    ADDRESSES[side], "congctl", algorithm)
        target = fresh_target(bed)
        contender = Rsync()
        began = time.monotonic()
        wait = contender.start(bed, load.path, target)
        took = wait(seconds)
        wall = took.wall if took else time.monotonic() - began
        copy = target / load.path.name
        size = copy.stat().st_size if copy.exists() else 0
        emulated = emulator_report(bed)
        shutil.rmtree(target)
        shutil.rmtree(bed.path("b", "ssh"), ignore_errors=True)
    return {"share": size * 8 / wall / link.rate, "valid": emulated["valid"], "emulator": emulated}


def small_files(storage, load, link, contender, seconds=600):
    with Testbed(link, storage) as bed:
        target = fresh_target(bed)
        took = contender.transfer(bed, load.path, target, seconds)
        if took and not loads.same(load.path, target / load.path.name):
            raise Failed("the copy differs from its source")
        shutil.rmtree(target)
        shutil.rmtree(bed.path("b", "ssh"), ignore_errors=True)
    return took.record() if took else None


def still_running(*ends):
    """A figure over a stretch of time counts only if both ends worked through all of it."""
    for end in ends:
        if end.poll() is not None:
            raise Failed(f"sealift ended too early, with {end.finished.code}: a larger SIZE, or a crash")


def fairness(storage, load, link, seconds, send=(), receive=()):
    """sealift beside one CUBIC TCP stream: the share of the link that each gets, by the emulator's
    count of IP bytes at the far end."""
    with Testbed(link, storage) as bed:
        bed.start("b", "iperf3", "-s", "-1", stdout=DEVNULL, stderr=DEVNULL)
        bed.wait_for_port("b", 5201)
        target = fresh_target(bed)
        for side in "ab":
            shutil.rmtree(bed.path(side, "home"), ignore_errors=True)
        own = Sealift(send, receive)
        sender, ticket = own.start_sender(bed, load.path)
        stream = bed.start("a", "iperf3", "-c", ADDRESSES["b"], "-C", "cubic", "-t", seconds, "-J",
                           stdout=DEVNULL)
        receiver = own.start_receiver(bed, ticket, target)
        stream.wait(seconds + 30)
        still_running(sender, receiver)
        receiver.stop(signal.SIGKILL)
        sender.stop(signal.SIGKILL)
        emulated = emulator_report(bed)
        shutil.rmtree(target)
    forth = emulated["a_to_b"]
    whole = link.rate / 8 * seconds
    return {"sealift": forth["udp_bytes_out"] / whole, "tcp": forth["tcp_bytes_out"] / whole,
            "valid": emulated["valid"], "emulator": emulated}


def sparse_file(path, size, data_at, data):
    """A file of `size` bytes that is one hole but for `data` random bytes at `data_at`."""
    with open(path, "wb") as file, open("/dev/urandom", "rb") as source:
        file.truncate(size)
        file.seek(data_at)
        while data > 0:
            piece = source.read(min(data, 4 << 20))
            file.write(piece)
            data -= len(piece)
    return loads.Load(path.name, path, size, 1)


def memory(storage, load, link, seconds):
    """Peak memory of both ends after so many seconds of a very large file."""
    with Testbed(link, storage) as bed:
        target = fresh_target(bed)
        for side in "ab":
            shutil.rmtree(bed.path(side, "home"), ignore_errors=True)
        own = Sealift()
        sender, ticket = own.start_sender(bed, load.path)
        receiver = own.start_receiver(bed, ticket, target)
        until = time.monotonic() + seconds
        while time.monotonic() < until and sender.poll() is None and receiver.poll() is None:
            time.sleep(0.05)
        still_running(sender, receiver)
        received, sent = receiver.stop(), sender.stop()
        emulated = emulator_report(bed)
        shutil.rmtree(target)
    moved = emulated["a_to_b"]["udp_bytes_out"]
    return {"sender_peak": sent.peak, "receiver_peak": received.peak, "moved": moved,
            "valid": emulated["valid"], "emulator": emulated}


class Events:
    """The JSON lines of a receiver, as they come."""

    def __init__(self, path):
        self.file = open(path)
        self.rest = ""

    def wait_for(self, wanted, process, seconds):
        """(When, event) of the first event that `wanted` accepts; None if the process ends before."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ended = process.poll() is not None
            self.rest += self.file.read()
            *lines, self.rest = self.rest.split("\n")
            for line in lines:
                event = json.loads(line)
                if wanted(event):
                    return time.monotonic(), event
            if ended:
                return None
            time.sleep(0.005)
        return None


def connected(event):
    return event["event"] == "connected"


def beyond(bytes_done):
    """Progress past so many bytes."""
    return lambda event: event["event"] == "progress" and event["bytes_done"] > bytes_done


def first_piece(storage, load, link):
    """Seconds from the connection to the first proven piece of a very large file, and from the second
    connection to new data after the receiver was killed in the middle."""
    with Testbed(link, storage) as bed:
        target = fresh_target(bed)
        for side in "ab":
            shutil.rmtree(bed.path(side, "home"), ignore_errors=True)
        own = Sealift()
        sender, ticket = own.start_sender(bed, load.path)
        times = []
        done = 0
        for number in range(2):
            log = bed.path("b", f"events-{number}")
            with open(log, "w") as output:
                receiver = own.start_receiver(bed, ticket, target, json=output)
                events = Events(log)
                begin = events.wait_for(connected, receiver, 30)
                moved = begin and events.wait_for(beyond(done), receiver, 60)
                if not moved:
                    raise Failed("no piece arrived: " + own.message(bed.path("b", "receive.log")))
                times.append(moved[0] - begin[0])
                # Some more, so that there is something to resume.
                later = events.wait_for(beyond(moved[1]["bytes_done"] + (64 << 20)), receiver, 60)
                done = (later or moved)[1]["bytes_done"]
                receiver.stop(signal.SIGKILL)
        sender.stop()
        shutil.rmtree(target)
    return {"first": times[0], "resumed": times[1], "proven_before": done}
