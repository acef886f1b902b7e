"""Patterns as a program writes them: literals side by side, added up, under names; and what changes when a pattern does."""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import libcst as cst

from mithridate.repair.python.source import Edit, Source, dotted

_DEEPEST = 5
_TOKEN = re.compile(
    r"\\(?:\r?\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[0-7]{1,3}|[\\'\"abfnrtv])|.", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class _Literal:
    """One string literal. [start, end) is what stands between its quotation marks."""

    start: int
    end: int
    prefix: str
    quote: str
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """A pattern, or a part of one that stands by itself; octets as the characters of their numbers."""

    source: Source
    value: str
    octets: bool
    whole: bool
    literals: tuple[_Literal, ...]

    def edits(self, pattern: str) -> tuple[Edit, ...] | None:
        """What makes it this pattern; None where that cannot be written in these literals."""
        rows = [_tokens(one) for one in self.literals]
        home = [(at, number) for at, row in enumerate(rows) for number in range(len(row))]
        made: list[list[str]] = [[] for _ in rows]
        for kind, start, end, low, high in SequenceMatcher(None, self.value, pattern, autojunk=False).get_opcodes():
            if kind == "equal":
                for at, number in home[start:end]:
                    made[at].append(rows[at][number])
                continue
            places = {at for at, _ in home[start:end]} or {home[max(0, start - 1)][0]}
            if len(places) > 1:
                return None
            (at,) = places
            made[at] += [_token(letter, self.literals[at]) for letter in pattern[low:high]]
        edits = [
            Edit(one.start, one.end, text)
            for one, tokens in zip(self.literals, made, strict=True)
            if (text := _put_together(tokens, one)) != one.text
        ]
        changed = {edit.start: edit.text for edit in edits}
        again = "".join(_value(one, changed.get(one.start, one.text)) or "" for one in self.literals)
        return tuple(edits) if again == pattern else None


def written(source: Source, node: cst.BaseExpression, depth: int = 0) -> Iterator[Written]:
    """The pattern that an expression is; where names are added to it, its other parts, and then what the names stand for."""
    rows: list[list[_Literal]] = [[]]
    names: list[str] = []
    for part in _parts(node):
        if isinstance(part, cst.SimpleString):
            literal = _literal(source, part)
            rows[-1].append(literal)
        else:
            rows.append([])
            if isinstance(part, cst.Name):
                names.append(part.value)
    for row in rows:
        values = [_value(one, one.text) for one in row]
        if row and None not in values:
            value = "".join(v for v in values if v is not None)
            yield Written(source, value, "b" in row[0].prefix, len(rows) == 1 and not depth, tuple(row))
    for name in dict.fromkeys(names) if depth < _DEEPEST else ():
        for assigned in assignments(source, name):
            yield from written(source, assigned, depth + 1)


def assignments(source: Source, name: str) -> Iterator[cst.BaseExpression]:
    """What is given that name (its last part) anywhere in a file."""
    for one in source.nodes():
        targets = [t.target for t in one.targets] if isinstance(one, cst.Assign) else []
        targets += [one.target] if isinstance(one, cst.AnnAssign) else []
        value = one.value if isinstance(one, cst.Assign | cst.AnnAssign) else None
        if value is not None and any(dotted(t).rpartition(".")[2] == name for t in targets):
            yield value


def _parts(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    if isinstance(node, cst.ConcatenatedString | cst.BinaryOperation) and isinstance(
        getattr(node, "operator", cst.Add()), cst.Add
    ):
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield node


def _literal(source: Source, node: cst.SimpleString) -> _Literal:
    start, end = source.span(node)
    start, end = start + len(node.prefix) + len(node.quote), end - len(node.quote)
    return _Literal(start, end, node.prefix.lower(), node.quote, source.text[start:end])


def _value(one: _Literal, text: str) -> str | None:
    """What a literal stands for, with this text between its quotation marks."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that are none
            value = ast.literal_eval(f"{one.prefix}{one.quote}{text}{one.quote}")
    except (ValueError, SyntaxError):
        return None
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else None


def _tokens(one: _Literal) -> list[str]:
    """What is written for each character that a literal stands for. A line that is continued stands for none."""
    if "r" in one.prefix:
        return list(one.text)
    tokens: list[str] = []
    for found in _TOKEN.finditer(one.text):
        if re.fullmatch(r"\\\r?\n", found[0]) and tokens:
            tokens[-1] += found[0]
        elif "b" in one.prefix and re.match(r"\\[uUN].", found[0]):
            tokens += found[0]
        else:
            tokens.append(found[0])
    return tokens


def _token(letter: str, one: _Literal) -> str:
    if "r" in one.prefix:
        return letter
    if letter == "\\":
        return r"\\"
    code = ord(letter)
    if 0x20 <= code < 0x7F:
        return letter
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _put_together(tokens: Sequence[str], one: _Literal) -> str:
    """The text of a literal. A backslash alone stands for itself only before what it does not escape."""
    if "r" in one.prefix:
        return "".join(tokens)
    made = ""
    for at, token in enumerate(tokens):
        behind = tokens[at + 1] if at + 1 < len(tokens) else "\\"
        escape = _TOKEN.match(f"\\{behind}")
        made += r"\\" if token == "\\" and escape is not None and escape.end() > 1 else token
    return made
