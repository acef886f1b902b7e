"""The conditions that are tried: at most two operations a side, written so that they cannot wrap around themselves."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from mithridate.repair.learning.arithmetic import Absent, Binary, CType, Expression, Name, Number, State, common
from mithridate.repair.learning.conditions import Comparison, Condition, Joined, Null, compared
from mithridate.repair.learning.evidence import Family, Fault, Observed, Pointer, Vocabulary, after, before

_LARGEST_NUMBERS = {CType(32, True): "0x7fffffff", CType(32, False): "(unsigned)-1", CType(64, False): "(size_t)-1"}
_SHIFT_WIDTHS = (31, 32, 63, 64)
_DISTANCE = CType(64, True)
_SIZED = CType(64, False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A condition to try. `carries`: its bound was the true size in every state. `named`: the violation itself names this value.
    `oddness` is what its form costs besides its length."""

    condition: Condition
    carries: bool = False
    named: bool = False
    oddness: float = 0.0


@dataclass(frozen=True, slots=True)
class Distance:
    """`end - start` of two pointers into one object, in elements."""

    end: str
    start: str
    element: int
    kind: CType = _DISTANCE

    @property
    def text(self) -> str:
        """See Expression."""
        return f"{self.end} - {self.start}"

    @property
    def names(self) -> frozenset[str]:
        """See Expression."""
        return frozenset((self.end, self.start))

    def value(self, state: State) -> int:
        """See Expression."""
        end, start = state.get(self.end), state.get(self.start)
        if not end or not start:
            raise Absent(self.text)
        return (end - start) // max(1, self.element)


def candidates(observed: Observed, vocabulary: Vocabulary, fault: Fault) -> Iterator[Candidate]:
    """Every condition of the forms that this fault can have, likely forms first; whether one separates is not looked at."""
    integers = [Name(text, kind) for text, kind in vocabulary.integers.items()]
    integers.sort(key=lambda name: name.text not in vocabulary.mentioned)
    constants: list[Expression] = [Name(text, kind, True) for text, kind in vocabulary.constants.items()]
    numbers: list[Expression] = [Number(n) for n in sorted({0, 1, *vocabulary.numbers})]
    yield from _of_pointers(vocabulary, fault)
    yield from _of_one(integers, fault)
    states = [*observed.violating, *observed.healthy]
    carriers = _Carriers(_at_fault(observed, vocabulary.pointers, fault), states)
    distances = list(_distances(observed, vocabulary.pointers))
    compound = fault.family in _COMPOUND
    differences: list[Expression] = [
        Binary("-", left, right)
        for left, right in permutations([*constants, *integers] if compound else [], 2)
        if _may_be_negative(left, right)
    ]
    steps = [Number(n) for n in vocabulary.numbers if 1 <= n <= _LARGEST_STEP]
    reckoned = [Binary(sign, name, step) for name in integers for step in steps for sign in "-+*"]  # as allocations have it
    bounds: list[Expression] = [*integers, *constants, *numbers[1:], *differences, *distances, *filter(carriers.of, reckoned)]
    if fault.family is Family.WRAP:
        yield from _of_wraps(integers, vocabulary)
    carrying = [bound for bound in dict.fromkeys(bounds) if compound and carriers.of(bound)]
    for bound in carrying:
        yield from _of_sums(integers, bound, True, vocabulary, fault)
    for bound in bounds:
        rest = isinstance(bound, Binary) and carriers.of(bound.left)  # what is left of an object behind an offset
        size = rest or carriers.of(bound)
        if not size and not observed.healthy:
            continue  # nothing would tell it from `true`
        oddness = 0.6 if isinstance(bound, Number) else _oddness_of_a_rest(bound) if rest else 0.0
        for left in integers:
            if left.names & bound.names:
                continue
            yield Candidate(compared(left, ">=", bound, vocabulary.size_bits), size, oddness=oddness)
            yield Candidate(compared(left, ">", bound, vocabulary.size_bits), size, oddness=oddness)
            if left.kind.signed:
                upper = compared(left, ">=", bound, vocabulary.size_bits)
                yield Candidate(Joined("||", Comparison("<", left, Number(0)), upper), size, oddness=oddness + 0.2)
        if isinstance(bound, Number):
            continue
        for constant in {n for n in (*vocabulary.numbers, fault.width) if 1 <= n <= _LARGEST_STEP}:
            yield Candidate(compared(bound, "<", Number(constant), vocabulary.size_bits), size, oddness=0.6)
    if not compound:
        return
    simple: list[Expression] = [*integers, *constants, *numbers[2:], *distances] if observed.healthy else []
    for bound in dict.fromkeys(simple):
        if bound not in carrying:
            yield from _of_sums(integers, bound, False, vocabulary, fault)
    if fault.family not in (Family.WRAP, Family.SHIFT):
        yield from _of_wraps(integers, vocabulary)


_COMPOUND = frozenset({Family.BOUND, Family.SIZE, Family.WRAP, Family.SHIFT, Family.OTHER})
"""What can be wrong with a sum, a product or a difference; a value that must not be zero or null is named by the violation."""
_LARGEST_STEP = 64
_OBJECT_OF_NOTHING = 1
"""Bytes that AddressSanitizer's allocator makes of an allocation of none."""


def _oddness_of_a_rest(bound: Expression) -> float:
    """What is subtracted from a size should be what the same structure keeps beside it: that is rarely the larger one."""
    if isinstance(bound, Binary):
        left, right = (re.split(r"(?:->|\.)\w+$", side.text) for side in (bound.left, bound.right))
        if len(left) == len(right) == 2 and left[0] == right[0]:
            return -0.2
    return 0.1


def _of_pointers(vocabulary: Vocabulary, fault: Fault) -> Iterator[Candidate]:
    named = fault.family is Family.NULL
    for pointer in vocabulary.pointers:
        strange = 0.0 if named else 1.0
        yield Candidate(Null(pointer.text, pointer.text, vocabulary.null), named=named, oddness=strange)
    for p, q in permutations(vocabulary.pointers, 2):
        if _alike(p, q):
            left, right = Name(p.text, _SIZED), Name(q.text, _SIZED)
            yield Candidate(Comparison(">=", left, right), oddness=0.2)
            yield Candidate(Comparison(">", left, right), oddness=0.2)


def _of_one(integers: Sequence[Name], fault: Fault) -> Iterator[Candidate]:
    for name in integers:
        yield Candidate(Comparison("==", name, Number(0)), named=fault.family is Family.DIVISOR)
        if name.kind.signed:
            yield Candidate(Comparison("<", name, Number(0)))
            yield Candidate(Comparison("<=", name, Number(0)), oddness=0.1)
        if fault.family is Family.SHIFT:
            for width in _SHIFT_WIDTHS:
                past = compared(name, ">=", Number(width))
                yield Candidate(past, named=True)
                if name.kind.signed:
                    yield Candidate(Joined("||", Comparison("<", name, Number(0)), past), named=True, oddness=-0.2)


def _of_sums(
    integers: Sequence[Name], bound: Expression, carries: bool, vocabulary: Vocabulary, fault: Fault
) -> Iterator[Candidate]:
    """x + y > bound and x * y > bound, without a sum or a product that could wrap; also with a constant for y."""
    bits = vocabulary.size_bits
    free = [name for name in integers if not name.names & bound.names]
    for x, y in combinations(free, 2):
        for first, second in ((x, y), (y, x)):
            for sign in (">", ">="):
                outside = compared(first, ">", bound, bits)
                yield Candidate(Joined("||", outside, compared(second, sign, Binary("-", bound, first), bits)), carries)
        for first, second in ((x, y), (y, x)):
            some = Comparison("!=", first, Number(0))
            yield Candidate(Joined("&&", some, compared(second, ">", Binary("/", bound, first), bits)), carries)
    steps = sorted({n for n in (*vocabulary.numbers, fault.width) if 1 < n <= _LARGEST_STEP})
    steps += [1] if 1 in vocabulary.numbers else []
    for step in steps:
        for x in free:
            short = compared(bound, "<", Number(step), bits)
            rest = compared(x, ">", Binary("-", bound, Number(step)), bits)
            yield Candidate(Joined("||", short, rest), carries, oddness=0.2)
            if step > 1:
                yield Candidate(compared(x, ">", Binary("/", bound, Number(step)), bits), carries, oddness=0.2)
                yield Candidate(compared(x, ">=", Binary("/", bound, Number(step)), bits), carries, oddness=0.2)


def _of_wraps(integers: Sequence[Name], vocabulary: Vocabulary) -> Iterator[Candidate]:
    """x * y and x + y that do not fit into their type."""
    for x, y in combinations(integers, 2):
        kind = common(x.kind, y.kind)
        text = vocabulary.largest.get(kind) or _LARGEST_NUMBERS.get(kind)
        if text is None:
            continue
        top = Number(kind.largest, text, kind)
        for first, second in ((x, y), (y, x)):
            some = Comparison("!=" if not first.kind.signed else ">", first, Number(0))
            over = Joined("&&", some, compared(second, ">", Binary("/", top, first), vocabulary.size_bits))
            yield Candidate(over, oddness=0.3)
        yield Candidate(compared(x, ">", Binary("-", top, y), vocabulary.size_bits), oddness=0.3)
    for x in integers:
        kind = common(x.kind, x.kind)
        text = vocabulary.largest.get(kind) or _LARGEST_NUMBERS.get(kind)
        for step in sorted({n for n in vocabulary.numbers if 1 <= n <= _LARGEST_STEP}):
            if text is not None:
                top = Number(kind.largest, text, kind)
                yield Candidate(compared(x, ">", Binary("-", top, Number(step)), vocabulary.size_bits), oddness=0.4)
                if step > 1:
                    yield Candidate(compared(x, ">", Binary("/", top, Number(step)), vocabulary.size_bits), oddness=0.4)


class _Carriers:
    """Which expressions equalled the true size of an object at fault, or what is left of it, in every state."""

    def __init__(self, pointers: Sequence[Pointer], states: Sequence[State]) -> None:
        self._known: dict[Expression, bool] = {}
        self._wanted: list[list[int | None]] = []
        for pointer in pointers:
            ahead = [state.get(after(pointer.text)) for state in states]
            behind = [state.get(before(pointer.text)) for state in states]
            whole = [None if a is None or b is None else a + b for a, b in zip(ahead, behind, strict=True)]
            for sizes in (ahead, whole):
                for unit in {1, max(1, pointer.element)}:
                    self._wanted.append([None if size is None else size // unit for size in sizes])
        self._states = states

    def of(self, bound: Expression) -> bool:
        """Whether `bound` is such an expression; at least one state must have shown the object."""
        if bound not in self._known:
            self._known[bound] = self._equals(bound)
        return self._known[bound]

    def _equals(self, bound: Expression) -> bool:
        for wanted in self._wanted:
            seen = 0
            for state, size in zip(self._states, wanted, strict=True):
                if size is None:
                    continue
                try:
                    value = bound.value(state)
                    if value != size and not (value == 0 and size == _OBJECT_OF_NOTHING):
                        break
                except Absent:
                    break
                seen += 1
            else:
                if seen:
                    return True
        return False


def _at_fault(observed: Observed, pointers: Sequence[Pointer], fault: Fault) -> list[Pointer]:
    """The pointers into an object of the size that was missed; all, when the violation names none."""
    if not fault.object_size:
        return list(pointers)
    return [pointer for pointer in pointers if _into(pointer, observed.violating, fault.object_size)]


def _into(pointer: Pointer, states: Sequence[State], size: int) -> bool:
    ahead, behind = after(pointer.text), before(pointer.text)
    return any(ahead in state and behind in state and state[ahead] + state[behind] == size for state in states)


def _distances(observed: Observed, pointers: Sequence[Pointer]) -> Iterator[Distance]:
    """Between two pointers that were both there in every violating state, and led into one object somewhere, if objects were seen
    at all: where something goes wrong, one of them may have left its own."""
    bases = {p.text: [_base(p, state) for state in (*observed.violating, *observed.healthy)] for p in pointers}
    there = [p for p in pointers if all(state.get(p.text) for state in observed.violating)]
    for p, q in permutations(there, 2):
        both = [a == b for a, b in zip(bases[p.text], bases[q.text], strict=True) if a is not None and b is not None]
        if _alike(p, q) and (any(both) or not both):
            yield Distance(p.text, q.text, p.element)


def _base(pointer: Pointer, state: State) -> int | None:
    """Where the object begins that it leads into; None where that was not seen."""
    at, behind = state.get(pointer.text), state.get(before(pointer.text))
    return None if at is None or behind is None else at - behind


def _alike(p: Pointer, q: Pointer) -> bool:
    return p.element == q.element and (not p.type or not q.type or p.type == q.type)


def _may_be_negative(left: Expression, right: Expression) -> bool:
    """Differences of anything but two constants: those are folded by whoever wrote them."""
    return not (left.text.startswith("sizeof") and right.text.startswith("sizeof"))
