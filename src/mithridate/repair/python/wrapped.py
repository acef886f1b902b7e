"""Values that are put into text, each given to a function that escapes it: which of them, in what order tried."""

from collections.abc import Iterator, Sequence

from mithridate.repair.python.flow import Place, Value, harmless, of_input, origins
from mithridate.repair.python.pieces import Hole, holes, pieces

_MOST = 4


def built(value: Value) -> Value | None:
    """Where a text is put together, going back from its use; None where that is not to be seen."""
    for origin in origins(value):
        row = pieces(origin.source, origin.node)
        if row is not None and holes(row):
            return origin
    return None


def whole(value: Value) -> Value | None:
    """The use itself where the whole text is a value from outside: what it is made of is no text of the program."""
    last = None
    for last in origins(value):
        row = pieces(last.source, last.node)
        if row is not None:
            return None
    return value if last is not None else None


def groups(place: Place, found: Sequence[Hole]) -> Iterator[tuple[Hole, ...]]:
    """The holes to be escaped together: those that hold what came in, then all that may, then each alone."""
    open_holes = [h for h in found if not h.number and not harmless(Value(place, h.node))]
    given = tuple(h for h in open_holes if of_input(Value(place, h.node)))
    seen = set()
    for group in (given, tuple(open_holes), *((h,) for h in open_holes[:_MOST])):
        if group and group not in seen:
            seen.add(group)
            yield group
