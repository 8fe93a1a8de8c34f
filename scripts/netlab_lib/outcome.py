"""How a row of the lab went, and what it is."""

import dataclasses
import fnmatch

LONGEST = 240  # seconds that any row may take but a long one
LONGEST_OF_ALL = 660


@dataclasses.dataclass
class Outcome:
    """How a row went. `first_piece` is seconds from the receiver's start to its first proven piece."""

    is_right: bool
    detail: str
    first_piece: float | None = None
    short: str | None = None
    row: str = ""
    took: float = 0

    def fields(self):
        return {"row": self.row, "ok": self.is_right, "detail": self.detail,
                "seconds": round(self.took, 2), "first_piece_seconds": self.first_piece}


@dataclasses.dataclass(frozen=True)
class Row:
    """`is_long`: it takes minutes, and is only played by name or with FULL=1."""

    name: str
    shows: str
    group: str
    function: object
    arguments: tuple = ()
    is_long: bool = False

    def play(self, lab):
        return self.function(lab, *self.arguments)

    def fits(self, pattern):
        return fnmatch.fnmatchcase(self.name, pattern) or self.group == pattern

    @property
    def longest(self):
        return LONGEST_OF_ALL if self.is_long else LONGEST
