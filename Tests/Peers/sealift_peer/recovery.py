"""What was sent, what arrived, what was lost: RFC 9002 in spirit, and no more.

One `SentSpace` and one `ReceivedSpace` per connection id, because PROTOCOL section 6.1 gives every
connection id packet numbers and acknowledgements of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .frames import MAX_ACK_RANGES, Ack, Frame
from .wire import Violation

PACKET_THRESHOLD = 3
INITIAL_RTT = 0.1


@dataclass
class SentPacket:
    time: float
    size: int
    generation: int
    is_ack_eliciting: bool
    frames: list[Frame]


class RoundTrip:
    """RFC 9002 section 5, in seconds."""

    def __init__(self) -> None:
        self.smoothed = INITIAL_RTT
        self.variation = INITIAL_RTT / 2
        self._has_sample = False

    def sample(self, rtt: float) -> None:
        if not self._has_sample:
            self._has_sample = True
            self.smoothed, self.variation = rtt, rtt / 2
            return
        self.variation += (abs(self.smoothed - rtt) - self.variation) / 4
        self.smoothed += (rtt - self.smoothed) / 8

    @property
    def probe_timeout(self) -> float:
        return self.smoothed + max(4 * self.variation, 0.001) + 0.025


@dataclass
class SentSpace:
    packets: dict[int, SentPacket] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    largest_sent: int = -1
    largest_acked: int = -1

    def acknowledge(self, ack: Ack) -> list[SentPacket]:
        """The packets newly acknowledged. An ACK of a number never sent ends the session."""
        newly = []
        for first, last in ack.ranges:
            if last > self.largest_sent:
                raise Violation("ACK of a packet never sent")
            for number in range(last, first - 1, -1):
                packet = self.packets.pop(number, None)
                if packet is not None:
                    newly.append(packet)
                    self.finished.add(number)
                elif number not in self.finished:
                    raise Violation("ACK of a packet number that was skipped")
        self.largest_acked = max(self.largest_acked, ack.ranges[0][1])
        return newly

    def take_lost(self, now: float, rtt: RoundTrip) -> list[SentPacket]:
        lost = []
        delay = max(rtt.smoothed * 9 / 8, 0.005)
        for number, packet in list(self.packets.items()):
            if number >= self.largest_acked:
                break
            by_count = number <= self.largest_acked - PACKET_THRESHOLD
            if by_count or packet.time <= now - delay:
                lost.append(self.packets.pop(number))
                self.finished.add(number)
        return lost

    def take_all(self) -> list[SentPacket]:
        taken = list(self.packets.values())
        self.finished.update(self.packets)
        self.packets.clear()
        return taken


@dataclass
class ReceivedSpace:
    """Packet numbers that came, as inclusive ranges, the highest first; at most 65 are kept."""

    ranges: list[tuple[int, int]] = field(default_factory=list)
    unacknowledged: int = 0
    first_unacknowledged: float | None = None
    largest_time: float = 0.0

    def insert(self, number: int, now: float) -> bool:
        """True when the number leaves or closes a gap, so that an ACK is due at once."""
        in_order = not self.ranges or number == self.ranges[0][1] + 1
        if not self.ranges or number > self.ranges[0][1]:
            self.largest_time = now
        merged = (number, number)
        kept = []
        for first, last in self.ranges:
            if last + 1 < merged[0] or first - 1 > merged[1]:
                kept.append((first, last))
            else:
                merged = (min(first, merged[0]), max(last, merged[1]))
        kept.append(merged)
        kept.sort(reverse=True)
        self.ranges = kept[: MAX_ACK_RANGES + 1]
        return not in_order

    def note_ack_eliciting(self, now: float) -> None:
        self.unacknowledged += 1
        if self.first_unacknowledged is None:
            self.first_unacknowledged = now

    def make_ack(self, sequence: int, now: float) -> Ack:
        self.unacknowledged = 0
        self.first_unacknowledged = None
        delay = max(0, int((now - self.largest_time) * 1e6))
        return Ack(sequence, delay, tuple(self.ranges))
