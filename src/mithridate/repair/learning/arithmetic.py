"""Integer expressions of C over a recorded state, reckoned as the compiler would: promotions, conversions, wrap-around.

A guard is tried on the records in exactly the form in which it would be written (ISO/IEC 9899, 6.3.1.1, 6.3.1.8 and 6.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CType:
    """An integer type by its width and sign."""

    bits: int
    signed: bool

    def wrapped(self, value: int) -> int:
        """The value as an object of this type holds it (two's complement)."""
        value &= (1 << self.bits) - 1
        return value - (1 << self.bits) if self.signed and value >> (self.bits - 1) else value

    @property
    def largest(self) -> int:
        """The largest value of the type."""
        return (1 << (self.bits - self.signed)) - 1


INT = CType(32, True)

State = Mapping[str, int]
"""Value of each name that was recorded; names that had none (behind a null pointer) are absent."""


class Absent(LookupError):
    """The expression needs a value that this state does not have."""


class Expression(Protocol):
    """A side of a comparison. `text` is its C source, `names` are the recorded names that it needs."""

    @property
    def text(self) -> str: ...  # noqa: D102

    @property
    def kind(self) -> CType: ...  # noqa: D102

    @property
    def names(self) -> frozenset[str]: ...  # noqa: D102

    def value(self, state: State) -> int:
        """Raises Absent when the state lacks a name or the result is not defined (division by zero)."""
        ...


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, member, macro or `sizeof` as it stands in the source. `constant`: the compiler knows its value."""

    text: str
    kind: CType
    constant: bool = False

    @property
    def names(self) -> frozenset[str]:
        """See Expression."""
        return frozenset((self.text,))

    def value(self, state: State) -> int:
        """See Expression."""
        found = state.get(self.text)
        if found is None:
            raise Absent(self.text)
        return found


@dataclass(frozen=True, slots=True)
class Number:
    """A literal."""

    number: int
    text: str = ""
    kind: CType = INT
    names: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.text:
            object.__setattr__(self, "text", str(self.number))
        if self.kind is INT and not -(1 << 31) <= self.number <= INT.largest:
            object.__setattr__(self, "kind", CType(64, True))

    def value(self, state: State) -> int:  # noqa: ARG002
        """See Expression."""
        return self.number


@dataclass(frozen=True, slots=True)
class Cast:
    """`(word) inner`."""

    word: str
    inner: Expression
    kind: CType

    @property
    def text(self) -> str:
        """See Expression."""
        return f"({self.word}){_tight(self.inner)}"

    @property
    def names(self) -> frozenset[str]:
        """See Expression."""
        return self.inner.names

    def value(self, state: State) -> int:
        """See Expression."""
        return self.kind.wrapped(self.inner.value(state))


@dataclass(frozen=True, slots=True)
class Binary:
    """`left sign right` for sign in + - * /."""

    sign: str
    left: Expression
    right: Expression

    @property
    def text(self) -> str:
        """See Expression."""
        tight = self.sign in "*/"
        left = _tight(self.left) if tight else self.left.text
        right = _tight(self.right) if tight or self.sign == "-" else self.right.text
        return f"{left} {self.sign} {right}"

    @property
    def kind(self) -> CType:
        """See Expression."""
        return common(self.left.kind, self.right.kind)

    @property
    def names(self) -> frozenset[str]:
        """See Expression."""
        return self.left.names | self.right.names

    def value(self, state: State) -> int:
        """See Expression."""
        kind = self.kind
        left, right = kind.wrapped(self.left.value(state)), kind.wrapped(self.right.value(state))
        if self.sign == "/":
            if right == 0:
                raise Absent(f"{self.text}: division by zero")
            quotient = abs(left) // abs(right)
            return kind.wrapped(quotient if (left < 0) == (right < 0) else -quotient)
        return kind.wrapped({"+": left + right, "-": left - right, "*": left * right}[self.sign])


def promoted(kind: CType) -> CType:
    """The integer promotions: what is narrower than int becomes int."""
    return kind if kind.bits >= INT.bits else INT


def common(left: CType, right: CType) -> CType:
    """The usual arithmetic conversions."""
    left, right = promoted(left), promoted(right)
    if left.bits != right.bits:
        return left if left.bits > right.bits else right
    return CType(left.bits, left.signed and right.signed)


def depth(expression: Expression) -> int:
    """How many operators it has; casts count as half of one would, which is nothing."""
    if isinstance(expression, Binary):
        return 1 + depth(expression.left) + depth(expression.right)
    return depth(expression.inner) if isinstance(expression, Cast) else 0


def _tight(expression: Expression) -> str:
    return f"({expression.text})" if " " in expression.text else expression.text
