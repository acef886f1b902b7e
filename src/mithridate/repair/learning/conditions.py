"""What a guard may ask: a comparison of two expressions, or several of them joined by || or &&."""

from dataclasses import dataclass

from mithridate.repair.learning.arithmetic import Absent, Cast, Expression, Name, Number, State, common, depth, promoted

_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left sign right`, true in a state that must not go on."""

    sign: str
    left: Expression
    right: Expression

    @property
    def text(self) -> str:
        """The comparison in C."""
        return f"{self.left.text} {self.sign} {self.right.text}"

    @property
    def opposite(self) -> str:
        """What holds in the states that may go on."""
        return f"{self.left.text} {_OPPOSITE[self.sign]} {self.right.text}"

    @property
    def names(self) -> frozenset[str]:
        """The recorded names that it needs."""
        return self.left.names | self.right.names

    @property
    def operators(self) -> int:
        """Operators besides the comparison itself."""
        return depth(self.left) + depth(self.right)

    def holds(self, state: State) -> bool:
        """By C's rules. Raises Absent when the state lacks a value."""
        kind = common(self.left.kind, self.right.kind)
        left, right = kind.wrapped(self.left.value(state)), kind.wrapped(self.right.value(state))
        return {
            ">": left > right,
            ">=": left >= right,
            "<": left < right,
            "<=": left <= right,
            "==": left == right,
            "!=": left != right,
        }[self.sign]


@dataclass(frozen=True, slots=True)
class Null:
    """A pointer that is null. Its state has 0 or 1 below `recorded`."""

    pointer: str
    recorded: str
    word: str = "NULL"

    @property
    def text(self) -> str:
        """The comparison in C."""
        return f"{self.pointer} == {self.word}"

    @property
    def opposite(self) -> str:
        """What holds in the states that may go on."""
        return f"{self.pointer} != {self.word}"

    @property
    def names(self) -> frozenset[str]:
        """The recorded names that it needs."""
        return frozenset((self.recorded,))

    @property
    def operators(self) -> int:
        """None besides the comparison."""
        return 0

    def holds(self, state: State) -> bool:
        """Raises Absent when the pointer itself could not be read."""
        found = state.get(self.recorded)
        if found is None:
            raise Absent(self.pointer)
        return found == 0


@dataclass(frozen=True, slots=True)
class Joined:
    """`first sign second`, sign being || or &&; the second is looked at only where C would."""

    sign: str
    first: "Comparison | Null"
    second: "Comparison | Null"

    @property
    def text(self) -> str:
        """The condition in C."""
        return f"{self.first.text} {self.sign} {self.second.text}"

    @property
    def opposite(self) -> str:
        """What holds in the states that may go on."""
        return f"{self.first.opposite} {'&&' if self.sign == '||' else '||'} {self.second.opposite}"

    @property
    def names(self) -> frozenset[str]:
        """The recorded names that it needs."""
        return self.first.names | self.second.names

    @property
    def operators(self) -> int:
        """The joint counts as one."""
        return 1 + self.first.operators + self.second.operators

    def holds(self, state: State) -> bool:
        """Raises Absent when a value is missing that C would need."""
        first = self.first.holds(state)
        if first == (self.sign == "||"):
            return first
        return self.second.holds(state)


Condition = Comparison | Null | Joined


def compared(left: Expression, sign: str, right: Expression, size_bits: int = 64) -> Comparison:
    """The comparison with a cast where signs differ, so that no compiler warns and every reader sees what is compared."""
    mixed = promoted(left.kind).signed != promoted(right.kind).signed
    kind = common(left.kind, right.kind)
    if mixed and not kind.signed:
        word = "size_t" if kind.bits == size_bits else "unsigned"
        if left.kind.signed and not _constant(left):
            left = Cast(word, left, kind)
        elif right.kind.signed and not _constant(right):
            right = Cast(word, right, kind)
    return Comparison(sign, left, right)


def _constant(expression: Expression) -> bool:
    """Compilers do not warn of constants that are not negative."""
    return isinstance(expression, Number) or (isinstance(expression, Name) and expression.constant)
