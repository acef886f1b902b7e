"""What an oracle of confinement says of text that attacker data changed the structure of."""

from collections.abc import Sequence
from dataclasses import dataclass

from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.pieces import Leak, Role
from mithridate.oracles.confinement.spans import CANONICAL_TOKEN

_LONGEST_QUOTE = 120
_MOST_CONSTRUCTS = 5


@dataclass(frozen=True)
class Escape:
    """Attacker data that left its literal: what kind of flaw, why in one sentence, and the data that did it."""

    kind: ViolationKind
    why: str
    part: str


def quoted(text: str) -> str:
    """A piece of attacker data for a sentence: on one line, not too long, without tokens."""
    plain = CANONICAL_TOKEN.sub("", text)
    cut = plain if len(plain) <= _LONGEST_QUOTE else plain[:_LONGEST_QUOTE] + "…"
    return cut.encode("unicode_escape").decode("ascii") if not cut.isprintable() else cut


def explained(kind: ViolationKind, leak: Leak, language: str) -> Escape:
    """The escape that a leak is."""
    part = quoted(leak.inner)
    constructs = ", ".join(f"`{quoted(s)}`" for s in _distinct(leak.structure)) or "further words"
    if leak.span.lone:
        why = f"Attacker data stands outside of a literal in the {language}, where harmless data is always inside one."
    elif leak.covered[0].role is Role.LITERAL:
        why = f"Attacker data `{part}` ends the literal that it was put into and adds {constructs} to the {language}."
    else:
        why = f"Attacker data `{part}` adds {constructs} to the {language}, where harmless data is a single word."
    return Escape(kind, why, part)


def _distinct(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(t.strip() or "a line end" for t in texts))[:_MOST_CONSTRUCTS]
