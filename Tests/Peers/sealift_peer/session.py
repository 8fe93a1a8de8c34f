"""What both ends do with a connection: wait for messages, and end it."""

from __future__ import annotations

import time
from collections.abc import Callable

from . import frames as fr
from .connection import Connection
from .primitives import Refused
from .wire import Violation


class Closed(Exception):
    """The other end closed the session."""

    def __init__(self, close: fr.Close) -> None:
        super().__init__(f"closed by the other end: {close.code} {close.reason!r}")
        self.close = close


class TimedOut(Exception):
    """The other end is alive but did not do what was waited for."""


class Session:
    """A connection and the waiting on it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def step(self, timeout: float = 0.2) -> None:
        """One turn of the loop; a violation of the other end closes with 1."""
        connection = self.connection
        try:
            connection.step(timeout)
        except (Violation, Refused) as error:
            connection.close(fr.VIOLATION, str(error))
            raise
        if connection.remote_close is not None and not connection.messages:
            raise Closed(connection.remote_close)

    def run_until(self, done: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimedOut
            self.step(min(left, 0.2))

    def next_message(self, timeout: float = 30.0) -> tuple[int, bytes]:
        self.run_until(lambda: bool(self.connection.messages), timeout)
        return self.connection.messages.popleft()

    def expect_message(self, kind: int, timeout: float = 30.0) -> bytes:
        got, body = self.next_message(timeout)
        if got != kind:
            raise Violation(f"message {got:#04x} where {kind:#04x} is due")
        return body

    def settle(self, seconds: float) -> None:
        """Runs the connection for a while, so that what was queued goes out."""
        try:
            self.run_until(lambda: False, seconds)
        except TimedOut:
            pass
