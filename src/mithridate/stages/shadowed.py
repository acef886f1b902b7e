"""What a shadow stage leaves behind: entry points in a build in which the flaws that hold up their search are patched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mithridate.model.entry import EntryPoint
from mithridate.model.finding import ShadowPatch
from mithridate.model.project import Skipped
from mithridate.model.violation import Violation

_PATCHED = " (shadow patch "
HELD_UP = 1 / 3
"""When so many of the inputs that a search has kept end in flaws that stop the program, these hold it up. No more than this, for
inputs that the program refuses at once are kept too."""
_WORTH_A_PATCH = 0.1
MOST_FLAWS = 3
"""Patched for one component in one stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """An entry point (`entry`) that is the same as number `original`, in a build of the tree with `patch`.

    `flaws` are what the patch silences, with the lines of the snapshot. `changed` are the functions that it changes, None where
    it changes something else.
    """

    original: int
    entry: EntryPoint
    component: str
    patch: ShadowPatch
    flaws: tuple[Violation, ...]
    changed: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deepened:
    """The result of one shadow stage. `seconds` of wall time count against the time for patches."""

    shadows: tuple[Shadow, ...]
    skipped: tuple[Skipped, ...]
    seconds: float


def named(original: str, layer: int) -> str:
    """The id of an entry point in the patched build of a stage (1 is the first)."""
    return f"{original}{_PATCHED}{layer})"


def original_door(entry_id: str) -> str:
    """The id of the entry point that one in a patched build is the same as; any other id as it is."""
    return entry_id.partition(_PATCHED)[0]


def in_front(ended: Mapping[str, int], sampled: int) -> tuple[str, ...]:
    """The flaws that hold up the search of one entry point, the commonest first; () when it gets past them.

    `ended` counts, by signature, the inputs that ended in a flaw, of `sampled` inputs that the search kept.
    """
    if not sampled or sum(ended.values()) < HELD_UP * sampled:
        return ()
    common = [one for one, count in ended.items() if count >= _WORTH_A_PATCH * sampled]
    return tuple(sorted(common, key=lambda one: (-ended[one], one)))


def chosen(doors: Mapping[int, Sequence[str]]) -> tuple[str, ...]:
    """Of the flaws in front of several entry points of one component, those to be patched: first what holds up most of them."""
    votes: dict[str, tuple[int, int]] = {}
    for flaws in doors.values():
        for rank, flaw in enumerate(flaws):
            count, ranks = votes.get(flaw, (0, 0))
            votes[flaw] = (count + 1, ranks + rank)
    return tuple(sorted(votes, key=lambda flaw: (-votes[flaw][0], votes[flaw][1], flaw))[:MOST_FLAWS])
