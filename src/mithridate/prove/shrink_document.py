"""Makes input documents smaller while they still fire: drops steps and inputs, then shortens the attacker's text.

Many documents advance together: each proposes variants a round, and all variants of a round run as one batch (delta debugging,
A. Zeller and R. Hildebrandt, TSE 2002, over the document's parts). Engines attack many inputs with the same few texts: of the
documents that carry one text, the first is made small, and then the others are tried with what it came down to.
"""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from mithridate.model.document import Document, Json, Place, decode, encode, found, put
from mithridate.prove.cut_document import Cut, applied, cuts, structural
from mithridate.prove.sketch_document import attacking, sketches

Keeps = Callable[[Mapping[int, Sequence[bytes]]], Mapping[int, Sequence[bool]]]
"""For each document (by position) its variants; the answer says which of them keep that document's violation."""

ROUND_INPUTS = 768
"""Variants that one round may run in all."""

MOST, FEWEST = 48, 4
"""Variants of one document in one round."""

TRIES, FEWEST_TRIES = 4096, 24
"""Variants that may fail in a row before a document counts as small: so many shared by all, and at least so many for each."""

_Variant = tuple[tuple[Cut, ...], bytes]


class Shrinking:
    """One document on its way down. It counts as small after `patience` variants in a row that lost its violation."""

    def __init__(self, data: bytes, patience: int = TRIES) -> None:
        self.best = data
        self.over = False
        carried = attacking(decode(data))
        self.payload: Hashable = tuple((text, _twin(decode(data), place)) for place, text in carried)
        """What its attack says, and its control there: documents of one payload tend to come down to one form."""
        self._carriers = len(carried)
        self._patience = patience
        self._missed = 0
        self._known = {data}
        self._asked: list[_Variant] = []
        self._ahead: list[_Variant] = []
        self._ahead_alone = False
        self._hope = b""
        self._texts_are_small = False
        self._sketch()

    @property
    def texts(self) -> tuple[str, ...] | None:
        """What its attacking texts came down to, in order; None when some of them are gone."""
        made = tuple(text for _, text in attacking(decode(self.best)))
        return made if len(made) == self._carriers else None

    def follow(self, texts: Sequence[str]) -> None:
        """Try these texts in the place of its own; if they do, its texts need not be shortened one by one."""
        document = decode(self.best)
        control, attack = document.control, document.attack
        for (place, own), new in zip(attacking(document), texts, strict=True):
            control = _steps(put(control, place, new)) if _twin(document, place) == own else control
            attack = _steps(put(attack, place, new))
        made = encode(Document(control=control, attack=attack))
        if made == self.best:
            self._texts_are_small = True
        else:
            self._hope = made
            self._ahead, self._ahead_alone = [((), made)], True

    def proposals(self, most: int) -> list[bytes]:
        """The next variants to try, the boldest first; none when nothing is left to try."""
        self._asked = []
        for group, variant in self._next(decode(self.best)):
            if variant not in self._known and _weight(variant) < _weight(self.best):
                self._known.add(variant)
                self._asked.append((group, variant))
                if len(self._asked) == most:
                    break
        self.over = not self._asked
        return [variant for _, variant in self._asked]

    def learn(self, kept: Sequence[bool]) -> None:
        """Go on from the smallest variant that kept the violation; next, try what kept it one by one together, and in halves."""
        good = [asked for asked, keeps in zip(self._asked, kept, strict=True) if keeps]
        if good:
            self._missed = 0
            before = decode(self.best)
            single = [group for group, _ in good if group]
            half = len(single) // 2
            together = (single, single[:half], single[half:]) if half else ()
            self._ahead = _variants(before, ([cut for group in groups for cut in group] for groups in together))
            self.best = min((variant for _, variant in good), key=_weight)
        else:
            self._missed += len(kept)
            self.over = self._missed >= self._patience
        if self._hope:
            self._texts_are_small = self.best == self._hope
            self._hope = b""
            if not self._texts_are_small:
                self._sketch()

    def _sketch(self) -> None:
        document = decode(self.best)
        self._ahead = sorted(_variants(document, sketches(document)), key=lambda made: _weight(made[1]))
        self._ahead_alone = True

    def _next(self, document: Document) -> Iterator[_Variant]:
        ahead, self._ahead = self._ahead, []
        alone, self._ahead_alone = self._ahead_alone, False
        yield from ahead
        if alone and self._asked:  # a round more costs less than the many small cuts that a bold one makes needless
            return
        for cut in structural(document.attack) if self._texts_are_small else cuts(document):
            yield from _variants(document, [(cut,)])


def shrink(
    documents: Sequence[bytes], keeps: Keeps, rounds: int, seconds: float, kinds: Sequence[Hashable] | None = None
) -> list[bytes]:
    """The smallest forms found of all `documents` within `rounds` and about `seconds` (wall), each its violation kept.

    A document follows others of its kind only: `kinds` names that of each.
    """
    deadline = time.monotonic() + seconds
    patience = max(FEWEST_TRIES, TRIES // max(1, len(documents)))
    states = [Shrinking(data, patience) for data in documents]
    leaders = _leaders(states, kinds or [""] * len(states))
    waiting = {i: leader for i, leader in enumerate(leaders) if i != leader}
    for _ in range(rounds):
        for i in [i for i, leader in waiting.items() if states[leader].over]:
            _follow(states[i], states[waiting.pop(i)])
        active = {i: s for i, s in enumerate(states) if not s.over and i not in waiting}
        if not active or time.monotonic() >= deadline:
            break
        _round(active, max(FEWEST, min(MOST, ROUND_INPUTS // len(active))), keeps)
    for i, leader in waiting.items():
        _follow(states[i], states[leader])
    _round({i: states[i] for i in waiting}, 1, keeps)
    return [s.best for s in states]


def _leaders(states: Sequence[Shrinking], kinds: Sequence[Hashable]) -> list[int]:
    """For each document the first of its kind and payload."""
    first: dict[Hashable, int] = {}
    return [first.setdefault((kind, s.payload), i) for i, (s, kind) in enumerate(zip(states, kinds, strict=True))]


def _follow(state: Shrinking, leader: Shrinking) -> None:
    if leader.texts is not None:
        state.follow(leader.texts)


def _round(active: Mapping[int, Shrinking], most: int, keeps: Keeps) -> None:
    """Have each document propose, run it all as one batch, and tell each what kept its violation."""
    asked = {i: made for i, s in active.items() if (made := s.proposals(most))}
    for i, kept in (keeps(asked) if asked else {}).items():
        active[i].learn(kept)


def _variants(document: Document, groups: Iterable[Sequence[Cut]]) -> list[_Variant]:
    """What is left of the document without each group of cuts."""
    made = ((tuple(group), applied(document, group)) for group in groups if group)
    return [(group, encode(smaller)) for group, smaller in made if smaller is not None]


def _weight(variant: bytes) -> tuple[int, bytes]:
    """Shorter is smaller; of one length, the one with the smaller number in it."""
    return len(variant), variant


def _twin(document: Document, place: Place) -> Json:
    """What the control has where the attack has `place`; None when nothing."""
    try:
        return found(document.control, place)
    except LookupError:
        return None


def _steps(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value
