"""Processes of sealift in a world's namespaces, and what they say."""

import json
import os
import signal
import subprocess
import threading
import time


class Failure(Exception):
    """What sealift promises did not hold."""


class Process:
    """One process of sealift; its JSON events are kept with the moment they came. `typed` is what its
    standard input holds."""

    def __init__(self, lab, namespace, *arguments, home=None, typed=None, **environment):
        lab.starts += 1
        self.namespace = namespace
        self.home = home or namespace
        self.name = f"{lab.starts:03}-{namespace}-{arguments[0]}"
        self.errors_path = lab.folder / f"{self.name}.log"
        self.seen = []
        self.news = threading.Condition()
        variables = {key: value for key, value in os.environ.items()
                     if not key.startswith("SEALIFT_")}
        variables |= {"SEALIFT_HOME": str(lab.folder / f"home-{self.home}")} | environment
        self.started = time.monotonic()
        with open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", namespace, str(lab.sealift), *map(str, arguments)],
                stdin=subprocess.DEVNULL if typed is None else subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors, cwd=lab.folder, env=variables,
                start_new_session=True)
        if typed is not None:
            self.process.stdin.write(typed.encode())
            self.process.stdin.close()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the line that a kill cut
            with self.news:
                self.seen.append((time.monotonic(), event))
                self.news.notify_all()
        with self.news:
            self.news.notify_all()

    def events(self, name):
        with self.news:
            return [event for _, event in self.seen if event["event"] == name]

    def since_start(self, name, fits=lambda event: True):
        """Seconds until the first event of that name that fits; None without one."""
        with self.news:
            return next((at - self.started for at, event in self.seen
                         if event["event"] == name and fits(event)), None)

    def wait_for(self, name, seconds, fits=lambda event: True):
        deadline = time.monotonic() + seconds
        with self.news:
            while True:
                for _, event in self.seen:
                    if event["event"] == name and fits(event):
                        return event
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Failure(f"{self.name}: no '{name}' in {seconds} s: {self.said()}")
                if not self.reader.is_alive():
                    raise Failure(f"{self.name}: ended before '{name}': {self.said()}")
                self.news.wait(min(left, 0.5))

    def wait(self, seconds):
        """The exit status."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name}: did not end in {seconds} s: {self.said()}") from None
        self.reader.join()
        return status

    def end(self, number=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait()
        self.reader.join()

    def said(self):
        error = next((event for _, event in reversed(self.seen) if event["event"] == "error"), None)
        if error:
            return f"{error['code']}: {error['message']} {error['advice']}"
        return self.errors_path.read_text(errors="replace").strip()[-400:] or "(nothing)"


class RendezvousServer(Process):
    """The rendezvous server, with STUN at both of its machine's addresses."""

    def __init__(self, lab, versions=(4,), listen=None, **options):
        from .world import SERVERS, SERVERS_6  # the addresses of the world it runs in
        places = []
        for version, addresses in ((4, SERVERS), (6, [f"[{a}]" for a in SERVERS_6])):
            if version in versions:
                places += ["--listen", f"{addresses[0]}:7440"] if listen is None else []
                for address in addresses:
                    places += ["--stun", f"{address}:3478"]
        extra = ["--listen", listen, "--behind-proxy"] if listen else []
        super().__init__(lab, "server", "rendezvous", "--json", *places, *extra, **options)
        self.addresses = self.wait_for("serving", 20)["servers"]
