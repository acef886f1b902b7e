"""Clauses of Prolog as MulVAL's inputs have them: facts, and rules whose bodies are facts. Nothing is run."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"(?P<blank>\s+|%[^\n]*|/\*.*?\*/)"
    r"|(?P<quoted>'(?:[^'\\]|\\.|'')*')"
    r'|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<variable>[A-Z_][A-Za-z0-9_]*)"
    r"|(?P<word>[a-z][A-Za-z0-9_]*)"
    r"|(?P<mark>:-|[(),.])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_DEEPEST = 20
MOST_ANSWERS = 1_000_000
"""Facts that the rules of one file may give."""
MOST_STEPS = 20_000_000
"""Facts that may be looked at for them."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable. Each `_` has a name of its own."""

    name: str


@dataclass(frozen=True, slots=True)
class Compound:
    """name(arguments)."""

    name: str
    arguments: tuple["Value", ...]

    @property
    def key(self) -> tuple[str, int]:
        """Name and arity, which is what tells predicates apart."""
        return self.name, len(self.arguments)


Value = str | Unknown | Compound


@dataclass(frozen=True, slots=True)
class Clause:
    """head :- body, with the line that it begins in."""

    head: Compound
    body: tuple[Compound, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """A clause that is passed over."""

    line: int
    reason: str


def clauses(text: str) -> Iterator[Clause | Mistake]:
    """The clauses of a text. Directives (":- …") are passed over in silence."""
    tokens: list[tuple[str, str]] = []
    line = begin = 1
    for found in _TOKEN.finditer(text):
        kind, token = str(found.lastgroup), found[0]
        if kind != "blank":
            if not tokens:
                begin = line
            tokens.append((kind, token))
        line += token.count("\n")
        if token == "." and kind == "mark":
            if tokens[0] != ("mark", ":-"):
                yield _parsed(tokens, begin)
            tokens = []
    if tokens:
        yield Mistake(begin, "the text ends within a clause")


def _parsed(tokens: list[tuple[str, str]], line: int) -> Clause | Mistake:
    try:
        return _Parser(tokens).clause(line)
    except (ValueError, IndexError) as error:
        return Mistake(line, str(error) if isinstance(error, ValueError) else "a clause that is not understood")


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._blank = 0

    def clause(self, line: int) -> Clause:
        head = self._atom()
        body = []
        if self._taken(":-"):
            body = [self._atom()]
            while self._taken(","):
                body.append(self._atom())
        if not self._taken("."):
            raise ValueError(f"{self._tokens[self._at][1][:40]!r} is not understood here")
        return Clause(head, tuple(body), line)

    def _atom(self) -> Compound:
        value = self._value(0)
        if not isinstance(value, Compound):
            raise ValueError("an atom with arguments is wanted")
        return value

    def _value(self, depth: int) -> Value:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        kind, token = self._tokens[self._at]
        self._at += 1
        if kind == "variable":
            self._blank += 1
            return Unknown(f"{token}{self._blank}" if token == "_" else token)
        if kind in ("quoted", "text"):
            return re.sub(r"\\(.)|''", lambda m: m[1] or "'", token[1:-1], flags=re.DOTALL)
        if kind == "number":
            return token
        if kind != "word":
            raise ValueError(f"{token[:40]!r} is not understood here")
        if not self._taken("("):
            return token
        arguments = [self._value(depth + 1)]
        while self._taken(","):
            arguments.append(self._value(depth + 1))
        if not self._taken(")"):
            raise ValueError(f"the arguments of {token[:40]} do not end")
        return Compound(token, tuple(arguments))

    def _taken(self, mark: str) -> bool:
        if self._tokens[self._at] == ("mark", mark):
            self._at += 1
            return True
        return False


@dataclass(slots=True)
class Answers:
    """Facts, and what rules give of them, each with its line. `used` are the predicates in bodies of rules."""

    facts: dict[Compound, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    used: set[tuple[str, int]] = field(default_factory=set)

    def evaluate(self, rules: list[Clause]) -> None:
        """Add what the rules give, until nothing is new. A rule gives nothing from a fact that has variables; both are told."""
        usable = [r for r in rules if not any(isinstance(a, Compound) for atom in (r.head, *r.body) for a in atom.arguments)]
        told = "a rule with terms in terms is not evaluated"
        self.mistakes += [Mistake(r.line, told) for r in rules if r not in usable]
        self.used |= {atom.key for rule in rules for atom in rule.body}
        known = _Index()
        for fact, line in self.facts.items():
            if not known.add(fact) and fact.key in self.used:
                self.mistakes.append(Mistake(line, "rules of the file do not see this fact, which has a variable"))
        try:
            while sum(self._grown(rule, known) for rule in usable):
                pass
        except _TooMuch as error:
            self.mistakes.append(Mistake(error.line, f"the rules are not evaluated to their end: {error}"))

    def _grown(self, rule: Clause, known: "_Index") -> bool:
        """Apply a rule once; something was new."""
        before = len(self.facts)
        found = {_filled(rule.head, bound) for bound in known.solve(rule.body, {}, rule.line)}
        for fact in found - self.facts.keys():
            self.facts[fact] = rule.line
            known.add(fact)
            if len(self.facts) > MOST_ANSWERS:
                raise _TooMuch(rule.line, f"they give more than {MOST_ANSWERS:,} facts")
        return len(self.facts) > before


class _TooMuch(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class _Index:
    """Facts without variables by predicate, and by the value of each argument."""

    def __init__(self) -> None:
        self._all: defaultdict[tuple[str, int], list[Compound]] = defaultdict(list)
        self._by: defaultdict[tuple[tuple[str, int], int, Value], list[Compound]] = defaultdict(list)
        self._steps = 0

    def add(self, fact: Compound) -> bool:
        """False for one with variables, which is left out."""
        if any(isinstance(a, Unknown) for a in fact.arguments):
            return False
        self._all[fact.key].append(fact)
        for place, value in enumerate(fact.arguments):
            self._by[fact.key, place, value].append(fact)
        return True

    def solve(self, body: tuple[Compound, ...], bound: Mapping[Unknown, Value], line: int) -> Iterator[Mapping[Unknown, Value]]:
        """Every way in which all atoms of a body are facts."""
        if not body:
            yield bound
            return
        atom = _filled(body[0], bound)
        candidates = self._candidates(atom)
        self._steps += len(candidates)
        if self._steps > MOST_STEPS:
            raise _TooMuch(line, f"more than {MOST_STEPS:,} facts had to be looked at")
        for fact in candidates:
            more = dict(bound)
            if all(
                more.setdefault(a, value) == value if isinstance(a, Unknown) else a == value
                for a, value in zip(atom.arguments, fact.arguments, strict=True)
            ):
                yield from self.solve(body[1:], more, line)

    def _candidates(self, atom: Compound) -> list[Compound]:
        fixed = [(i, a) for i, a in enumerate(atom.arguments) if not isinstance(a, Unknown)]
        found = [self._by.get((atom.key, i, a), []) for i, a in fixed]
        return min(found, key=len) if found else self._all[atom.key]


def _filled(atom: Compound, bound: Mapping[Unknown, Value]) -> Compound:
    return Compound(atom.name, tuple(bound.get(a, a) if isinstance(a, Unknown) else a for a in atom.arguments))
