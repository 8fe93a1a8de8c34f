"""Runs of bytes that arrive in any order: the control stream and objects (sections 6.2, 6.3)."""

from __future__ import annotations

from collections.abc import Iterator

from .messages import MAX_MESSAGE, frame_message
from .wire import Reader, Violation

CONTROL_WINDOW = 262_144


class ControlReader:
    """The incoming control stream. Memory is one window, whatever arrives."""

    def __init__(self) -> None:
        self._start = 0
        self._data = bytearray(CONTROL_WINDOW)
        self._have = bytearray(CONTROL_WINDOW)
        self._ready = bytearray()
        self.granted = CONTROL_WINDOW

    def insert(self, offset: int, data: bytes) -> None:
        if offset + len(data) > self.granted:
            raise Violation("control data beyond the credit")
        if offset < self._start:
            data = data[self._start - offset :]
            offset = self._start
        at = offset - self._start
        self._data[at : at + len(data)] = data
        self._have[at : at + len(data)] = b"\1" * len(data)
        run = self._have.find(0)
        run = CONTROL_WINDOW if run < 0 else run
        if run:
            self._ready += self._data[:run]
            self._data = self._data[run:] + bytearray(run)
            self._have = self._have[run:] + bytearray(run)
            self._start += run

    def messages(self) -> Iterator[tuple[int, bytes]]:
        """(type, body) of each message that is whole."""
        while self._ready:
            size = 1 << (self._ready[0] >> 6)
            if len(self._ready) < size:
                return
            length = Reader(self._ready[:size]).varint()
            if not 1 <= length <= MAX_MESSAGE:
                raise Violation("message length")
            if len(self._ready) < size + length:
                return
            message = bytes(self._ready[size : size + length])
            del self._ready[: size + length]
            yield message[0], message[1:]

    def credit_to_grant(self) -> int | None:
        """A new limit, once half of the window is free again."""
        limit = self._start - len(self._ready) + CONTROL_WINDOW
        if limit - self.granted < CONTROL_WINDOW // 2:
            return None
        self.granted = limit
        return limit


class ControlWriter:
    """The outgoing control stream."""

    def __init__(self) -> None:
        self._unsent = bytearray()
        self._offset = 0
        self.limit = CONTROL_WINDOW

    def append(self, kind: int, body: bytes) -> None:
        self._unsent += frame_message(kind, body)

    def append_raw(self, data: bytes) -> None:
        self._unsent += data

    def next_chunk(self, room: int) -> tuple[int, bytes] | None:
        size = min(room, len(self._unsent), self.limit - self._offset)
        if size <= 0:
            return None
        chunk = self._offset, bytes(self._unsent[:size])
        del self._unsent[:size]
        self._offset += size
        return chunk


class ObjectReader:
    """One object of known length; its buffer exists from its first byte on."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._missing = length
        self._data = bytearray()
        self._have = bytearray()

    def insert(self, offset: int, data: bytes) -> bytes | None:
        """The whole object once, when its last byte came."""
        end = offset + len(data)
        if end > self.length:
            raise Violation("object data past the object's end")
        if not self._data:
            self._data = bytearray(self.length)
            self._have = bytearray(self.length)
        self._missing -= self._have.count(0, offset, end)
        self._data[offset:end] = data
        self._have[offset:end] = b"\1" * len(data)
        return bytes(self._data) if self._missing == 0 else None
