"""How outcomes are shown."""

from . import nat


def line(outcome):
    mark = "ok  " if outcome.is_right else "FAIL"
    return f"{mark} {outcome.row:24} {outcome.took:5.1f} s  {outcome.detail}"


def cell(outcome):
    if outcome is None:
        return "·"
    if not outcome.is_right:
        return "FAIL"
    if outcome.first_piece is None:
        return outcome.short or "ok"
    return f"{outcome.first_piece:.1f} s"


def matrix(outcomes):
    """Who reaches whom: the time from the receiver's start to the first proven piece."""
    found = {outcome.row: outcome for outcome in outcomes}
    lines = ["sender \\ receiver" + "".join(f"{kind:>13}" for kind in nat.KINDS)]
    for sender in nat.KINDS:
        cells = [cell(found.get(f"{sender}-{receiver}")) for receiver in nat.KINDS]
        lines.append(f"{sender:17}" + "".join(f"{text:>13}" for text in cells))
    return "\n".join(lines)


def text(outcomes):
    names = {f"{one}-{other}" for one in nat.KINDS for other in nat.KINDS}
    parts = []
    if any(outcome.row in names for outcome in outcomes):
        parts.append(matrix(outcomes))
    others = [line(outcome) for outcome in outcomes if outcome.row not in names
              or not outcome.is_right]
    if others:
        parts.append("\n".join(others))
    wrong = sum(not outcome.is_right for outcome in outcomes)
    parts.append(f"{len(outcomes)} rows, {wrong} failed" if wrong
                 else f"{len(outcomes)} rows, all as they must be")
    return "\n\n".join(parts)
