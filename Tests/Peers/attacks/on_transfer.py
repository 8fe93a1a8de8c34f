"""Attacks of an authenticated receiver with messages (PROTOCOL section 7)."""

from __future__ import annotations

import time
from collections.abc import Callable

from sealift_peer import frames as fr
from sealift_peer import messages as ms
from sealift_peer.content import FILE, piece_count
from sealift_peer.device import Device
from sealift_peer.receiver import Receiver, Refused, Report
from sealift_peer.session import Closed
from sealift_peer.wire import varint

from .catalogue import Catalogue, Unexpected, expect_alive, expect_close
from .on_transport import leave
from .target import Target

OBJECTS_WAITING_MAX = 2**20

# The note of attacks by the ticket's owner: the sender may end its service afterwards.
ENDS = "ends"


def register(catalogue: Catalogue) -> None:
    for name, messages in BEFORE_CLAIM.items():
        catalogue.attack(name, "close 1")(_violating(Target.offered, messages))
    for name, messages in AFTER_CLAIM.items():
        for index, message in enumerate(messages, start=1):
            attack = _violating(Target.claimed, [message])
            catalogue.attack(f"{name}-{index}", ENDS)(attack)
    for name, function in ATTACKS.items():
        catalogue.attack(name, ENDS if function in ENDING else "")(function)


def _violating(stage: Callable[[Target], Receiver], messages: list) -> Callable[[Target], None]:
    """Each message, in a session of its own, ends that session with a violation."""

    def run(target: Target) -> None:
        for message in messages:
            receiver = stage(target)
            data = message(receiver) if callable(message) else message
            receiver.connection._expected = _Anything()  # noqa: SLF001
            receiver.connection.send_control_bytes(data)
            try:
                expect_close(receiver, fr.VIOLATION)
            except Unexpected as error:
                raise Unexpected(f"{data[:24].hex()}: {error}") from error

    return run


class _Anything(dict):
    """Every object is one that may come and is not looked at."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: int) -> None:
        return None


def _request(first: int, file: int, piece: int, count: int) -> bytes:
    return ms.frame_message(ms.REQUEST, ms.Request(first, file, piece, count).body())


def _hashes(first: int, file: int, piece: int, count: int) -> bytes:
    return ms.frame_message(ms.HASH_REQUEST, ms.Request(first, file, piece, count).body())


def _first_file(receiver: Receiver) -> tuple[int, int]:
    """(number, pieces) of the first file with data."""
    for number, entry in enumerate(receiver.entries, start=1):
        if entry.kind == FILE and entry.size:
            return number, piece_count(entry.size)
    raise Unexpected("the tree to attack has no file with data")


def _largest_file(receiver: Receiver) -> tuple[int, int]:
    """(number, pieces that are no holes) of the file with the most."""
    pieces, number = max(
        (sum(1 for _ in entry.data_pieces()), number)
        for number, entry in enumerate(receiver.entries, start=1)
    )
    return number, pieces


def _other_entry(receiver: Receiver) -> int:
    """An entry without pieces."""
    for number, entry in enumerate(receiver.entries, start=1):
        if entry.kind != FILE or not entry.size:
            return number
    raise Unexpected("the tree to attack has no directory or empty file")


_EMPTY_OFFER = ms.Offer(0, 4, bytes(32), 0, 0, 0, 0).body()

BEFORE_CLAIM: dict[str, list] = {
    "request-before-claim": [_request(0, 1, 0, 1), _hashes(0, 1, 0, 1), _hashes(0, 0, 0, 1)],
    "skip-before-claim": [ms.frame_message(ms.SKIP, varint(1) + varint(1))],
    "complete-before-claim": [ms.frame_message(ms.COMPLETE, bytes(32) + varint(0) + varint(0))],
    "object-id-gap": [_request(1, 0, 0, 1), _request(2**62 - 1, 0, 0, 1)],
    "object-id-again": [_request(0, 0, 0, 1) + _request(0, 0, 0, 1)],
    "request-past-the-listing": [
        lambda r: _request(0, 0, piece_count(r.offer.listing_length), 1),
        lambda r: _request(0, 0, 0, piece_count(r.offer.listing_length) + 1),
        _request(0, 0, 2**62 - 1, 1),
        _request(0, 0, 2**62 - 1, 65_536),
    ],
    "request-count": [_request(0, 0, 0, 0), _request(0, 0, 0, 65_537), _request(0, 0, 0, 2**62 - 1)],
    "unknown-message": [ms.frame_message(kind) for kind in (0x00, 0x0D, 0x7F, 0xFF)],
    "message-length": [varint(0), varint(65_537), varint(2**62 - 1)],
    "malformed-message": [
        ms.frame_message(ms.CLAIM, b"x"),
        ms.frame_message(ms.REQUEST),
        ms.frame_message(ms.REQUEST, varint(0) * 3),
        ms.frame_message(ms.REQUEST, ms.Request(0, 0, 0, 1).body() + b"\0"),
        ms.frame_message(ms.REQUEST, b"\xff" * 3),
        ms.frame_message(ms.COMPLETE, bytes(31)),
        ms.frame_message(ms.SKIP, varint(1)),
    ],
    "message-from-the-wrong-side": [
        ms.frame_message(ms.OFFER, _EMPTY_OFFER),
        ms.frame_message(ms.REFUSE, b"\1"),
        ms.frame_message(ms.CLAIMED),
        ms.frame_message(ms.ZERO, varint(0) + varint(1)),
        ms.frame_message(ms.FILE_ROOT, varint(1) + bytes(32)),
        ms.frame_message(ms.FILE_FAILED, varint(1) + b"\1"),
        ms.frame_message(ms.CONFIRM, bytes(32)),
    ],
}

AFTER_CLAIM: dict[str, list] = {
    "request-past-the-end": [
        lambda r: _request(r.next_object, _first_file(r)[0], _first_file(r)[1], 1),
        lambda r: _request(r.next_object, len(r.entries) + 1, 0, 1),
        lambda r: _request(r.next_object, 2**62 - 1, 0, 1),
        lambda r: _request(r.next_object, _first_file(r)[0], 0, 65_536),
    ],
    "request-without-pieces": [lambda r: _request(r.next_object, _other_entry(r), 0, 1)],
    "hash-request-of-the-listing": [lambda r: _hashes(r.next_object, 0, 0, 1)],
    "hash-request-without-pieces": [lambda r: _hashes(r.next_object, _other_entry(r), 0, 1)],
    "hash-request-past-the-end": [
        lambda r: _hashes(r.next_object, _first_file(r)[0], _first_file(r)[1], 1),
        lambda r: _hashes(r.next_object, _first_file(r)[0], 0, _first_file(r)[1] + 1),
        lambda r: _hashes(r.next_object, _first_file(r)[0], 0, 8_193),
        lambda r: _hashes(r.next_object, _first_file(r)[0], 2**62 - 1, 8_192),
    ],
    "skip-past-the-end": [
        lambda r: ms.frame_message(ms.SKIP, varint(1) + varint(len(r.entries) + 1)),
        lambda r: ms.frame_message(ms.SKIP, varint(2**62 - 1) + varint(2**62 - 1)),
        lambda r: ms.frame_message(ms.SKIP, varint(0) + varint(1)),
    ],
}


def too_many_requests(target: Target) -> None:
    """2^20 objects waiting are allowed, one more is not. Nothing is acknowledged meanwhile."""
    memory = target.memory()
    receiver = target.claimed()
    number, pieces = _largest_file(receiver)
    receiver.connection._ack_due = _Never()  # noqa: SLF001
    first = receiver.next_object
    while first <= 2 * OBJECTS_WAITING_MAX:
        receiver.connection.send_control_bytes(_request(first, number, 0, pieces))
        first += pieces
    for object_id in range(receiver.next_object, first):
        receiver.connection._expected[object_id] = None  # noqa: SLF001
    expect_close(receiver, fr.VIOLATION, timeout=20)
    memory.expect_growth_below(128 * 1024 * 1024)


class _Never(set):
    """A set that stays empty: no ACK is ever due."""

    def add(self, element: int) -> None:
        pass


def claim_twice(target: Target) -> None:
    """A session has one claim."""
    receiver = target.claimed()
    receiver.connection.send_message(ms.CLAIM)
    expect_close(receiver, fr.VIOLATION)


def other_device(target: Target) -> None:
    """Another device with the same ticket, after the first claimed it: refuse 1, close 5."""
    leave(target.claimed())
    stranger = Target(target.ticket, Device(), target.process)
    receiver = stranger.connect()
    try:
        receiver.read_offer()
    except Refused as refused:
        if refused.code != ms.ALREADY_USED:
            raise Unexpected(f"refused with {refused.code}, not 1") from refused
        expect_close(receiver, fr.REFUSED)
        return
    raise Unexpected("a second device was offered a claimed ticket")


def two_claims_race(target: Target) -> None:
    """Two devices see the offer; the second to claim is refused."""
    first = target.offered()
    second = Target(target.ticket, Device(), target.process).offered()
    first.claim()
    try:
        second.claim()
    except Refused as refused:
        if refused.code != ms.ALREADY_USED:
            raise Unexpected(f"refused with {refused.code}, not 1") from refused
        leave(first)
        return
    except Closed as closed:
        raise Unexpected(f"closed with {closed.close.code} instead of refuse 1") from closed
    raise Unexpected("two devices own one ticket")


class _Liar(Receiver):
    """States another manifest root than it has."""

    def finish(self) -> Report:
        self.connection.send_message(
            ms.COMPLETE, bytes(range(32)) + varint(self.offer.files) + varint(self.offer.total_bytes)
        )
        return Report()


def wrong_root(target: Target) -> None:
    receiver = target.connect()
    receiver.__class__ = _Liar
    receiver.download()
    expect_close(receiver, fr.INTEGRITY)


class _Left(Exception):
    """The receiver is gone."""


class _Leaver(Receiver):
    """Says that it has everything, and is cut off before it hears the answer."""

    def expect_message(self, kind: int) -> bytes:
        if kind == ms.CONFIRM:
            self.connection._flush(time.monotonic())  # noqa: SLF001
            raise _Left
        return super().expect_message(kind)


def leaves_before_confirm(target: Target) -> None:
    """Not an attack: the ticket is not spent while the receiver does not know that it has all."""
    receiver = target.connect()
    receiver.__class__ = _Leaver
    try:
        receiver.download()
    except _Left:
        time.sleep(0.5)
        return
    raise Unexpected("the receiver heard the confirmation")


def request_after_complete(target: Target) -> None:
    """Whoever says that it has everything asks for nothing more."""
    receiver = target.claimed()
    number, _ = _first_file(receiver)
    receiver.connection.send_control_bytes(
        ms.frame_message(ms.COMPLETE, bytes(32) + varint(0) + varint(0))
        + _request(receiver.next_object, number, 0, 1)
    )
    expect_close(receiver, fr.VIOLATION)


def complete_without_asking(target: Target) -> None:
    """A receiver that says it has everything and asked for nothing, with a root made up."""
    receiver = target.claimed()
    receiver.connection.send_message(ms.COMPLETE, bytes(32) + varint(0) + varint(0))
    expect_close(receiver, fr.INTEGRITY)


def declined(target: Target) -> None:
    receiver = target.listed()
    receiver.connection.close(fr.DECLINED)
    receiver.connection.linger(0.1)


def unknown_close_code(target: Target) -> None:
    receiver = target.listed()
    receiver.connection.close(2**62 - 1, "\x1b[2J" * 8)
    receiver.connection.linger(0.1)


def message_flood(target: Target) -> None:
    """Credit is granted for what was read only: requests for one piece, over and over."""
    memory = target.memory()
    receiver = target.offered()
    length = receiver.offer.listing_length
    for _ in range(2_000):
        receiver.request(0, 0, [min(length, 262_144)], [(0, 0)])
    receiver.run_until(lambda: len(receiver.connection.objects) == 2_000, 30)
    expect_alive(receiver)
    memory.expect_growth_below(64 * 1024 * 1024)
    leave(receiver)


ATTACKS = {
    "too-many-requests": too_many_requests,
    "claim-twice": claim_twice,
    "other-device": other_device,
    "two-claims-race": two_claims_race,
    "wrong-root": wrong_root,
    "leaves-before-confirm": leaves_before_confirm,
    "request-after-complete": request_after_complete,
    "complete-without-asking": complete_without_asking,
    "declined": declined,
    "unknown-close-code": unknown_close_code,
    "message-flood": message_flood,
}

ENDING = {claim_twice, complete_without_asking, declined, request_after_complete,
          too_many_requests, unknown_close_code, wrong_root}
