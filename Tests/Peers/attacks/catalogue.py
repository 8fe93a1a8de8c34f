"""The list of attacks, and what they have to say when the answer is another one."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sealift_peer import frames as fr
from sealift_peer.connection import Lost
from sealift_peer.session import Closed, Session, TimedOut


class Unexpected(Exception):
    """The other end did not answer as documented."""


class Catalogue:
    """Named attacks, in the order they were written, each with a note for the runner."""

    def __init__(self) -> None:
        self._attacks: dict[str, tuple[str, Callable[..., None]]] = {}

    def attack(self, name: str, note: str = "") -> Callable[[Callable[..., None]], Any]:
        def register(function: Callable[..., None]) -> Callable[..., None]:
            assert name not in self._attacks, name
            self._attacks[name] = (note, function)
            return function

        return register

    def lines(self) -> Iterable[str]:
        for name, (note, _) in self._attacks.items():
            yield f"{name}\t{note}"

    def note(self, name: str) -> str:
        return self._attacks[name][0]

    def run(self, name: str, *arguments: Any) -> int:
        """0 when the answer was the documented one, 1 with a sentence otherwise."""
        if name not in self._attacks:
            print(f"no such variant: {name}", file=sys.stderr)
            return 64
        try:
            self._attacks[name][1](*arguments)
        except Unexpected as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        except Exception:  # noqa: BLE001: whatever else happened, the answer was not the documented one
            traceback.print_exc()
            print(f"{name}: the exchange broke off", file=sys.stderr)
            return 1
        return 0


def expect_close(session: Session, *codes: int, timeout: float = 10.0,
                 turn: Callable[[], object] | None = None) -> None:
    """Runs the session until the other end closes with one of the codes.

    `turn` answers the messages that come; without it they are thrown away.
    """
    try:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if turn is None:
                session.connection.messages.clear()
            else:
                turn()
            session.step(0.05)
    except Closed as closed:
        if closed.close.code not in codes:
            raise Unexpected(
                f"closed with {closed.close.code} ({closed.close.reason!r}), not {codes}"
            ) from closed
        return
    except Lost as error:
        raise Unexpected("the session fell silent") from error
    raise Unexpected(f"still open after {timeout} s, instead of a close with {codes}")


def expect_alive(session: Session, timeout: float = 10.0) -> None:
    """The session still answers: a ping is acknowledged."""
    connection = session.connection
    connection.send_frame(fr.ImmediateAck())
    connection.send_frame(fr.Ping())
    before = connection.packets_opened
    try:
        session.run_until(lambda: connection.packets_opened > before, timeout)
    except Closed as closed:
        raise Unexpected(
            f"closed with {closed.close.code} ({closed.close.reason!r}) instead of going on"
        ) from closed
    except TimedOut as error:
        raise Unexpected("no answer to a ping") from error


class Memory:
    """The resident memory of a process on this machine, if its id was given."""

    def __init__(self, process: int | None) -> None:
        self._status = Path(f"/proc/{process}/status") if process else None
        self._before = self._resident()

    def _resident(self) -> int:
        if self._status is None:
            return 0
        for line in self._status.read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def expect_growth_below(self, limit: int) -> None:
        grown = self._resident() - self._before
        if grown > limit:
            raise Unexpected(f"resident memory grew by {grown} bytes, more than {limit}")
