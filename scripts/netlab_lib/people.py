"""People of a story: each at a host of a world, with a home of their own."""

import json
import os
import pty
import re
import select
import time

from .ends import Failure, Process
from .world import sh

PATIENCE = 60  # seconds for anything that takes a moment; a busy machine may take most of them


class Person:
    """One identity on one machine."""

    def __init__(self, lab, name, host, server):
        self.lab, self.name, self.host = lab, name, host
        self.home = lab.folder / f"home-{host}"
        self.folder = lab.folder / host
        self.folder.mkdir(exist_ok=True)
        self.environment = {"SEALIFT_RENDEZVOUS": server}

    def start(self, *arguments, typed=None):
        """Starts a command, with --json."""
        return Process(self.lab, self.host, *arguments, "--json", home=self.host, typed=typed,
                       **self.environment)

    def try_to(self, *arguments, typed=None):
        """Runs a command to its end, however that is."""
        process = self.start(*arguments, typed=typed)
        process.status = process.wait(2 * PATIENCE)
        return process

    def do(self, *arguments, typed=None):
        """Runs a command that has to succeed, and gives its events."""
        process = self.try_to(*arguments, typed=typed)
        if process.status != 0:
            raise Failure(f"{self.name}: sealift {' '.join(map(str, arguments))} ended with "
                          f"{process.status}: {process.said()}")
        return [event for _, event in process.seen]

    def contact(self, name):
        return self.do("contact", "show", name)[-1]

    def begin_on_terminal(self):
        """Makes the identity as a person does, and gives the words and all that was on the screen."""
        screen = Terminal(self.lab, self.host, self.home, "id", "--no-passphrase")
        screen.wait_for("when they are written down: ")
        numbered = re.findall(r"(\d+)  ([a-z]+)", screen.shown)
        words = [word for _, word in sorted((int(number), word) for number, word in numbered)]
        screen.type("")
        for _ in range(3):
            asked = screen.wait_for(r"Word (\d+): $")
            screen.type(words[int(asked[1]) - 1])
        return words, screen.end()


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, lab, host, home, *arguments):
        self.shown = ""
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            variables = {key: value for key, value in os.environ.items()
                         if not key.startswith("SEALIFT_")}
            variables |= {"SEALIFT_HOME": str(home), "TERM": "xterm"}
            os.execvpe("ip", ["ip", "netns", "exec", host, str(lab.sealift), *arguments], variables)

    def wait_for(self, pattern):
        """The match of `pattern` in what came since something was typed."""
        deadline = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.shown[self.typed_at:])) is None:
            if time.monotonic() > deadline or not self._read(deadline):
                raise Failure(f"the terminal never showed '{pattern}'")
        return found

    typed_at = 0

    def type(self, line):
        self.typed_at = len(self.shown)
        os.write(self.handle, line.encode() + b"\n")

    def end(self):
        while self._read(time.monotonic() + PATIENCE):
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.handle)
        if os.waitstatus_to_exitcode(status) != 0:
            raise Failure(f"on the terminal sealift ended with {os.waitstatus_to_exitcode(status)}")
        return self.shown

    def _read(self, deadline):
        if not select.select([self.handle], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self.handle, 65536)
        except OSError:  # the last holder of the other side is gone
            return False
        self.shown += data.decode(errors="replace").replace("\r", "")
        return bool(data)


class Watch:
    """Counts what arrives at a host from others, before anything there sees it."""

    def __init__(self, host, sources):
        self.host = host
        counters = "".join(f"counter {name} {{ }}\n" for name in sources)
        rules = "".join(f"ip saddr {address} counter name {name}\n"
                        for name, address in sources.items())
        sh("ip", "netns", "exec", host, "nft", "-f", "-", text=f"""
            table inet watch {{
                {counters}
                chain arriving {{
                    type filter hook prerouting priority -400;
                    {rules}
                }}
            }}""")

    def counted(self, name):
        """Packets and bytes."""
        listed = json.loads(sh("ip", "netns", "exec", self.host, "nft", "-j", "list", "counter",
                               "inet", "watch", name))
        counter = next(part["counter"] for part in listed["nftables"] if "counter" in part)
        return counter["packets"], counter["bytes"]


class Checks:
    """What was checked, a line each as it comes."""

    def __init__(self, say):
        self.say = say
        self.rows = []
        self.step = ""

    def begin(self, step):
        self.step = step
        self.say(f"\n{step}")

    def that(self, holds, claim, seen=""):
        """Notes whether `claim` holds; `seen` is what was found."""
        self.rows.append((self.step, claim, bool(holds), str(seen)))
        self.say(f"  {'ok  ' if holds else 'FAIL'} {claim}" + (f"  ({seen})" if seen != "" else ""))

    @property
    def wrong(self):
        return sum(not holds for _, _, holds, _ in self.rows)

    def table(self):
        """Every check under its step, and how many of them failed."""
        lines, step = [], None
        for its_step, claim, holds, seen in self.rows:
            if its_step != step:
                step = its_step
                lines.append(step)
            lines.append(f"  {'ok  ' if holds else 'FAIL'} {claim:66} {seen}".rstrip())
        lines.append(f"{len(self.rows)} checks, " + (f"{self.wrong} failed" if self.wrong
                                                     else "all as they must be"))
        return "\n".join(lines)
