"""A reliable connection over one UDP socket (PROTOCOL sections 5 and 6).

It is driven from outside: `step` waits for datagrams up to a time, takes in what came, fires
timers, and sends what may be sent. Simple on purpose: one congestion window, one retransmission
queue, no pacing.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections import deque

from . import frames as fr
from .packets import OVERHEAD, OpenedPacket, PacketProtection
from .ratchet import RatchetOffer, answer_ratchet, join_parts, split_parts
from .reassembly import ControlReader, ControlWriter, ObjectReader
from .recovery import ReceivedSpace, RoundTrip, SentPacket, SentSpace
from .wire import Violation

DATAGRAM_SIZE = 1_200
IDLE_TIMEOUT = 30.0
PING_AFTER = 5.0
INITIAL_WINDOW = 32 * DATAGRAM_SIZE
MINIMUM_WINDOW = 4 * DATAGRAM_SIZE
MAXIMUM_WINDOW = 2 * 1024 * 1024


class Lost(Exception):
    """No packet opened for 30 seconds."""


class Connection:
    """One session of one end.

    What came is left in `messages` and `objects`; `remote_close` is the other end's close.
    """

    def __init__(self, sock: socket.socket, address: tuple, protection: PacketProtection,
                 handshake_datagrams: list[bytes] | None = None) -> None:
        self.sock = sock
        self.address = address
        self.protection = protection
        self.is_initiator = protection.initiator
        self.messages: deque[tuple[int, bytes]] = deque()
        self.objects: deque[tuple[int, bytes]] = deque()
        self.remote_close: fr.Close | None = None
        self.local_close: fr.Close | None = None
        self.foreign_datagrams: deque[tuple[bytes, tuple]] = deque()
        self.generation_packets = 2**21
        self.has_opened = False
        self.packets_opened = 0
        self._handshake = handshake_datagrams or []
        self._handshake_due = time.monotonic() + 0.25
        self._handshake_wait = 0.25
        self._control_in = ControlReader()
        self._control_out = ControlWriter()
        self._expected: dict[int, ObjectReader | None] = {}
        self._next_object = 0
        self._outgoing: deque[tuple[int, memoryview, int]] = deque()
        self.outgoing_bytes = 0
        self._urgent: deque[fr.Frame] = deque()
        self._sent: dict[int, SentSpace] = {0: SentSpace()}
        self._received: dict[int, ReceivedSpace] = {}
        self._ack_due: set[int] = set()
        self._ack_frequency = fr.AckFrequency(0, 2, 25_000)
        self._rtt = RoundTrip()
        self._window = INITIAL_WINDOW
        self._threshold = MAXIMUM_WINDOW
        self._in_flight = 0
        self._recovery_start = 0.0
        self._probe_count = 0
        self._last_eliciting = time.monotonic()
        self._last_opened = time.monotonic()
        self._last_ping = 0.0
        self._generation_confirmed = True
        self._generation_began = time.monotonic()
        self._forget_at: float | None = None
        self._challenge: tuple[bytes, tuple] | None = None
        self._ratchet_parts: dict[tuple[bool, int], dict[int, fr.RatchetPart]] = {}
        self._ratchet: RatchetOffer | None = None
        self._ratchets_done = 0
        self._next_close_repeat = 0.0
        self._close_wait = 0.001

    # Commands.

    def send_message(self, kind: int, body: bytes = b"") -> None:
        self._control_out.append(kind, body)

    def send_control_bytes(self, data: bytes) -> None:
        self._control_out.append_raw(data)

    def send_frame(self, frame: fr.Frame) -> None:
        """Sends a frame of the caller's making with the next packets."""
        self._urgent.append(frame)

    def send_object(self, object_id: int, data: bytes) -> None:
        self._outgoing.append((object_id, memoryview(data), 0))
        self.outgoing_bytes += len(data)

    def withdraw_objects(self, ids: set[int]) -> None:
        kept = deque(item for item in self._outgoing if item[0] not in ids)
        self.outgoing_bytes = sum(len(data) - at for _, data, at in kept)
        self._outgoing = kept

    def expect_object(self, object_id: int, length: int) -> None:
        self._expected[object_id] = ObjectReader(length)
        self._next_object = max(self._next_object, object_id + 1)

    def forget_object(self, object_id: int) -> None:
        """Withdrawn, or known by other means: frames for it are ignored from here on."""
        if object_id in self._expected:
            self._expected[object_id] = None

    def offer_ratchet(self) -> None:
        """Only the initiator, one at a time (section 6.8)."""
        assert self.is_initiator and self._ratchet is None
        self._ratchet = RatchetOffer(self._ratchets_done + 1)
        for part in split_parts(True, self._ratchet.number, self._ratchet.body):
            self._urgent.append(part)

    def move_to(self, sock: socket.socket) -> None:
        """This end's address changed: a new socket, and the next connection id."""
        self.sock = sock
        self.protection.use_sequence(self.protection.own_sequence + 1)
        self._sent[self.protection.own_sequence] = SentSpace()

    def close(self, code: int, reason: str = "") -> None:
        if self.local_close is None:
            self.local_close = fr.Close(code, reason)
            self._transmit([self.local_close], time.monotonic())

    def linger(self, seconds: float = 0.3) -> None:
        """Repeats the close in answer to packets for a while (section 6.9)."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            for datagram, _ in self._receive_datagrams(end - now):
                if self._open(datagram) is None:
                    continue
                now = time.monotonic()
                if now >= self._next_close_repeat and self.local_close:
                    self._transmit([self.local_close], now)
                    self._next_close_repeat = now + self._close_wait
                    self._close_wait *= 2

    # The loop.

    def step(self, timeout: float) -> None:
        """Waits at most `timeout` seconds for something to do, and does it."""
        self._flush(time.monotonic())
        wait = max(0.0, min(timeout, self._next_timer() - time.monotonic()))
        for datagram, source in self._receive_datagrams(wait):
            if self.remote_close is not None:
                break
            self._receive(datagram, source)
        now = time.monotonic()
        self._fire_timers(now)
        self._flush(now)

    def _receive_datagrams(self, timeout: float) -> list[tuple[bytes, tuple]]:
        readable, _, _ = select.select([self.sock], [], [], timeout)
        batch = []
        while readable and len(batch) < 256:
            try:
                batch.append(self.sock.recvfrom(65_535))
            except (BlockingIOError, ConnectionRefusedError):
                break
        return batch

    def _open(self, datagram: bytes) -> OpenedPacket | None:
        before = self.protection.generation
        packet = self.protection.open(datagram)
        if packet is not None:
            self._last_opened = time.monotonic()
            self.has_opened = True
            self.packets_opened += 1
            if self.protection.generation != before:
                self._generation_started(self._last_opened)
        return packet

    def _receive(self, datagram: bytes, source: tuple) -> None:
        packet = self._open(datagram)
        if packet is None:
            self.foreign_datagrams.append((datagram, source))
            return
        now = self._last_opened
        space = self._received.setdefault(packet.sequence, ReceivedSpace())
        needs_ack_now = space.insert(packet.number, now)
        decoded = fr.decode_frames(packet.frames)
        if any(fr.is_ack_eliciting(frame) for frame in decoded):
            space.note_ack_eliciting(now)
            if needs_ack_now or space.unacknowledged >= self._ack_frequency.packets:
                self._ack_due.add(packet.sequence)
        if source != self.address:
            self._challenge_path(source)
        for frame in decoded:
            self._receive_frame(frame, packet.sequence, source, now)

    def _receive_frame(self, frame: fr.Frame, sequence: int, source: tuple, now: float) -> None:
        match frame:
            case fr.Ack():
                self._receive_ack(frame, now)
            case fr.ObjectData():
                self._receive_object(frame)
            case fr.ControlData():
                self._control_in.insert(frame.offset, frame.data)
                self.messages.extend(self._control_in.messages())
                limit = self._control_in.credit_to_grant()
                if limit is not None:
                    self._urgent.append(fr.Credit(limit))
            case fr.Credit():
                self._control_out.limit = max(self._control_out.limit, frame.limit)
            case fr.PathChallenge():
                self._transmit([fr.PathResponse(frame.data)], now, to=source)
            case fr.PathResponse():
                if self._challenge and self._challenge[0] == frame.data:
                    self.address = self._challenge[1]
                    self._challenge = None
            case fr.RatchetPart():
                self._receive_ratchet_part(frame)
            case fr.ImmediateAck():
                self._ack_due.add(sequence)
            case fr.AckFrequency():
                if frame.sequence >= self._ack_frequency.sequence:
                    self._ack_frequency = frame
            case fr.Close():
                self.remote_close = frame

    def _receive_object(self, frame: fr.ObjectData) -> None:
        if not self.is_initiator:
            raise Violation("object data from the receiver")
        if frame.object_id not in self._expected:
            raise Violation("object never requested")
        reader = self._expected[frame.object_id]
        if reader is None:
            return
        whole = reader.insert(frame.offset, frame.data)
        if whole is not None:
            self._expected[frame.object_id] = None
            self.objects.append((frame.object_id, whole))

    # Acknowledgement and loss.

    def _receive_ack(self, ack: fr.Ack, now: float) -> None:
        space = self._sent.get(ack.sequence)
        if space is None:
            raise Violation("ACK for a connection id never used")
        largest = space.packets.get(ack.ranges[0][1])
        newly = space.acknowledge(ack)
        if largest is not None and largest.is_ack_eliciting:
            self._rtt.sample(max(now - largest.time - min(ack.delay_us / 1e6, 0.025), 1e-5))
        for packet in newly:
            self._in_flight -= packet.size
            if packet.generation == self.protection.generation:
                self._generation_confirmed = True
            if packet.is_ack_eliciting and packet.time > self._recovery_start:
                if self._window < self._threshold:
                    self._window += packet.size
                else:
                    self._window += DATAGRAM_SIZE * packet.size // self._window
        if newly:
            self._window = min(self._window, MAXIMUM_WINDOW)
            self._probe_count = 0
        self._lose(space.take_lost(now, self._rtt), now)

    def _lose(self, packets: list[SentPacket], now: float) -> None:
        for packet in packets:
            self._in_flight -= packet.size
            for frame in packet.frames:
                if fr.is_retransmittable(frame):
                    self._urgent.append(frame)
            if packet.is_ack_eliciting and packet.time > self._recovery_start:
                self._recovery_start = now
                self._window = max(self._window // 2, MINIMUM_WINDOW)
                self._threshold = self._window

    # Timers.

    def _unacknowledged_deadline(self) -> float:
        delay = self._ack_frequency.delay_us / 1e6
        starts = [s.first_unacknowledged for s in self._received.values()]
        return min((t + delay for t in starts if t is not None), default=float("inf"))

    def _probe_deadline(self) -> float:
        if not any(p.is_ack_eliciting for s in self._sent.values() for p in s.packets.values()):
            return float("inf")
        return self._last_eliciting + self._rtt.probe_timeout * 2 ** min(self._probe_count, 6)

    def _next_timer(self) -> float:
        deadline = min(self._unacknowledged_deadline(), self._last_opened + IDLE_TIMEOUT)
        if self._in_flight:
            deadline = min(deadline, self._probe_deadline())
        if self.is_initiator:
            deadline = min(deadline, max(self._last_opened, self._last_ping) + PING_AFTER)
        if self._handshake and not self.has_opened:
            deadline = min(deadline, self._handshake_due)
        return deadline

    def _fire_timers(self, now: float) -> None:
        if now >= self._last_opened + IDLE_TIMEOUT:
            raise Lost("nothing opened for 30 s")
        if self._handshake and not self.has_opened and now >= self._handshake_due:
            for datagram in self._handshake:
                self._send(datagram, self.address)
            self._handshake_wait = min(self._handshake_wait * 2, 2.0)
            self._handshake_due = now + self._handshake_wait
        for sequence, space in self._received.items():
            first = space.first_unacknowledged
            if first is not None and now >= first + self._ack_frequency.delay_us / 1e6:
                self._ack_due.add(sequence)
        if self.is_initiator and now >= max(self._last_opened, self._last_ping) + PING_AFTER:
            self._last_ping = now
            self._urgent.append(fr.Ping())
        if self._in_flight and now >= self._probe_deadline():
            self._probe_count += 1
            for space in self._sent.values():
                for packet in space.take_all():
                    self._in_flight -= packet.size
                    self._urgent.extend(f for f in packet.frames if fr.is_retransmittable(f))
            self._urgent.appendleft(fr.Ping())
            self._window = MINIMUM_WINDOW
        self._manage_generations(now)

    def _manage_generations(self, now: float) -> None:
        protection = self.protection
        if self._forget_at is not None and now >= self._forget_at:
            protection.forget_previous_generation()
            self._forget_at = None
        if not self.is_initiator or not self._generation_confirmed or self._ratchet is not None:
            return
        used = max(protection.sent_in_generation, protection.opened_in_generation)
        is_old = now >= self._generation_began + 600 and protection.sent_in_generation > 0
        if used >= self.generation_packets or is_old:
            protection.start_generation()
            self._generation_started(now)
            self._urgent.append(fr.Ping())

    def _generation_started(self, now: float) -> None:
        self._generation_confirmed = False
        self._generation_began = now
        self._forget_at = now + 3 * self._rtt.probe_timeout

    # Ratchet and paths.

    def _receive_ratchet_part(self, part: fr.RatchetPart) -> None:
        if part.is_offer == self.is_initiator:
            raise Violation("ratchet frame from the wrong end")
        offered = self._ratchets_done + (self._ratchet is not None)
        if not part.is_offer and not 1 <= part.number <= offered:
            raise Violation("ratchet answer without an offer")
        parts = self._ratchet_parts.setdefault((part.is_offer, part.number), {})
        parts[part.index] = part
        if len(parts) < part.count:
            return
        body = join_parts(parts)
        if part.is_offer:
            if part.number != self._ratchets_done + 1:
                return
            answer, self.protection.mix = answer_ratchet(part.number, body)
            self._ratchets_done = part.number
            self._urgent.extend(split_parts(False, part.number, answer))
        elif self._ratchet is not None and part.number == self._ratchet.number:
            self.protection.mix = self._ratchet.finish(body)
            self._ratchets_done = part.number
            self._ratchet = None

    def _challenge_path(self, source: tuple) -> None:
        if self._challenge is None or self._challenge[1] != source:
            self._challenge = (os.urandom(8), source)
            self._transmit([fr.PathChallenge(self._challenge[0])], time.monotonic(), to=source)

    # Sending.

    def _send(self, datagram: bytes, to: tuple) -> None:
        try:
            self.sock.sendto(datagram, to)
        except OSError:
            pass  # As good as lost on the way; recovery deals with it.

    def _transmit(self, frames: list[fr.Frame], now: float, to: tuple | None = None) -> None:
        payload = b"".join(frame.encode() for frame in frames)
        number, datagram = self.protection.seal(payload)
        space = self._sent[self.protection.own_sequence]
        space.largest_sent = max(space.largest_sent, number)
        eliciting = any(fr.is_ack_eliciting(frame) for frame in frames)
        if eliciting:
            space.packets[number] = SentPacket(
                now, len(datagram), self.protection.generation, True, frames
            )
            self._in_flight += len(datagram)
            self._last_eliciting = now
        else:
            space.finished.add(number)
        self._send(datagram, to or self.address)

    def _flush(self, now: float) -> None:
        if self.local_close is not None or self.remote_close is not None:
            return
        while True:
            frames: list[fr.Frame] = []
            room = DATAGRAM_SIZE - OVERHEAD
            for sequence in list(self._ack_due):
                ack = self._received[sequence].make_ack(sequence, now)
                if len(ack.encode()) > room:
                    break
                frames.append(ack)
                room -= len(ack.encode())
                self._ack_due.discard(sequence)
            if self._in_flight < self._window:
                self._fill(frames, room)
            if not frames:
                return
            self._transmit(frames, now)

    def _fill(self, frames: list[fr.Frame], room: int) -> None:
        while self._urgent:
            size = len(self._urgent[0].encode())
            if size > room and frames:
                return
            frames.append(self._urgent.popleft())
            room -= size
            if room <= 0:
                return
        if room > 32:
            chunk = self._control_out.next_chunk(room - 17)
            if chunk is not None:
                frame = fr.ControlData(*chunk)
                frames.append(frame)
                room -= len(frame.encode())
        while self._outgoing and room > 64:
            object_id, data, at = self._outgoing.popleft()
            size = min(room - 25, len(data) - at)
            object_frame = fr.ObjectData(object_id, at, bytes(data[at : at + size]))
            frames.append(object_frame)
            room -= len(object_frame.encode())
            self.outgoing_bytes -= size
            if at + size < len(data):
                self._outgoing.appendleft((object_id, data, at + size))
