"""Argument injection: `--` before operands, and refusals of operands that look like options (CWE-88)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.exits import exits
from mithridate.repair.python.flow import Place, Value, argument, assignments, origins
from mithridate.repair.python.imports import meant
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.shell import OPERANDS_AS_THEY_ARE, RUNNING
from mithridate.repair.python.source import Edit, dotted, operand

_DEEPEST = 6
_CAUSE = "a value stands where the program that is run looks for options"
_NAMES_FILES_BEHIND = frozenset(
    {"annotate", "bisect", "blame", "checkout", "diff", "grep", "log", "reset", "restore", "rev-list", "rev-parse", "shortlog"}
    | {"show", "switch", "whatchanged"}
)
"""Commands of version control for which `--` says that files follow, and not only that options end."""
_TAKES_NO_END = OPERANDS_AS_THEY_ARE | {"tar"}
"""Programs that do not take `--` for the end of their options, or whose first operand is one."""
_GROWS = frozenset({"append", "extend", "insert"})
_NO_TEXT = (cst.SimpleString, cst.Integer, cst.Float)


@dataclass(frozen=True, slots=True)
class _Row:
    """Words of a command line as they stand in the text; `begins`: the first is the program. `alone`: none can be put before."""

    place: Place
    words: tuple[cst.BaseExpression, ...]
    begins: bool
    alone: bool = False

    @property
    def at(self) -> int:
        """Where it stands in the text."""
        return min((self.place.source.span(word)[0] for word in self.words), default=0)

    @property
    def values(self) -> list[tuple[bool, cst.BaseExpression]]:
        """Words that are no constants and no options themselves, and whether each may be the value of an option."""
        every = [(i > 0 and _option(self.words[i - 1]), word) for i, word in enumerate(self.words)]
        return [one for one in every[int(self.begins) :] if not isinstance(one[1], _NO_TEXT) and not _option(one[1])]

    @property
    def operands(self) -> int | None:
        """Where the operands at the end begin; None where that may be the value of an option."""
        if self.alone:
            return None
        first = len(self.words)
        while first > int(self.begins) and not isinstance(self.words[first - 1], _NO_TEXT) and not _option(self.words[first - 1]):
            first -= 1
        if first == len(self.words) or (first and _option(self.words[first - 1])):
            return None
        return first


class ArgumentProposer(PythonProposer):
    """Operands that cannot become options, where the command line is put together."""

    name = "python-argument"
    kinds = frozenset({ViolationKind.ARGUMENT_INJECTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """`--` before operands that are values; a refusal of what begins with a hyphen."""
        places = scene.places[:_DEEPEST]
        inner = [None, *(p.function.name.value if isinstance(p.function, cst.FunctionDef) else "" for p in places)]
        put = [(place, list(_rows(place, name))) for place, name in zip(places, inner, strict=False)]
        constants = {c for _, rows in put for row in rows for c in map(_constant, row.words)}
        constants |= {_constant(n) for p in places for c in p.calls for n in p.source.nodes(c) if isinstance(n, cst.SimpleString)}
        for place, rows in put:
            if not constants & (_NAMES_FILES_BEHIND | _TAKES_NO_END | {"--"}):
                yield from _ended(rows)
            values = [one for row in rows for one in row.values]
            for _, value in sorted(values, key=lambda one: one[0]):
                yield from _refused(place, value)


def _ended(rows: Sequence[_Row]) -> Iterator[Change]:
    for row in rows:
        source, at = row.place.source, row.operands
        later = [other for other in rows if other.at > row.at]
        if at is not None and not any(other.alone or any(map(_option, other.words)) for other in later):
            start = source.span(row.words[at])[0]
            edit = Edit(start, start, f"{source.quote}--{source.quote}, ")
            yield Change(_CAUSE, "end the options before the operands", edits_of(source, edit))


def _refused(place: Place, value: cst.BaseExpression) -> Iterator[Change]:
    source = place.source
    statement = source.statement_of(value)
    if statement is None:
        return
    condition = f"{operand(source, value)}.startswith({source.quote}-{source.quote})"
    for end in list(exits(source, place.function, 400, "begins with a hyphen"))[:2]:
        lines = (f"if {condition}:", source.step + end.statement)
        edits = edits_of(source, source.before(statement, *lines), list(end.edits))
        yield Change(_CAUSE, "refuse operands that look like options", edits, condition=condition, rank=1.3)


def _rows(place: Place, inner: str | None) -> Iterator[_Row]:
    """What is put together in the place's function for the call on its line: to run a program, or the next function `inner`."""
    for call in place.calls:
        if meant(place.source, call.func) in RUNNING:
            command = argument(call, 0, "args", "cmd")
            if command is not None:
                yield from _of(place, command)
        elif inner and dotted(call.func).rpartition(".")[2] == inner:
            plain = [arg for arg in call.args if arg.keyword is None]
            if any(_constant(arg.value) is not None for arg in plain) and not any(arg.star for arg in plain):
                yield _Row(place, tuple(arg.value for arg in plain), begins=False)
            for arg in call.args:
                yield from _of(place, arg.value)


def _of(place: Place, command: cst.BaseExpression) -> Iterator[_Row]:
    """The lists that a command line is made of: as it was begun, and what was added to it."""
    for origin in origins(Value(place, command)):
        if origin.place is not place:
            return
        if isinstance(origin.node, cst.List | cst.Tuple):
            yield _Row(place, _words(origin.node), begins=True, alone=_starred(origin.node))
        if isinstance(origin.node, cst.Name):
            yield from _added(place, origin.node.value)


def _added(place: Place, name: str) -> Iterator[_Row]:
    source = place.source
    for given in assignments(source, place.function, name):
        if isinstance(given, cst.AugAssign) and isinstance(given.value, cst.List | cst.Tuple):
            yield _Row(place, _words(given.value), begins=False, alone=_starred(given.value))
    for call in place.all_calls:
        match call.func:
            case cst.Attribute(value=cst.Name(value=held), attr=cst.Name(value=how)) if (
                held == name and how in _GROWS and call.args
            ):
                last = call.args[-1].value
                if isinstance(last, cst.List | cst.Tuple):
                    yield _Row(place, _words(last), begins=False, alone=_starred(last))
                elif how != "extend":
                    yield _Row(place, (last,), begins=False, alone=True)


def _words(row: cst.List | cst.Tuple) -> tuple[cst.BaseExpression, ...]:
    return tuple(element.value for element in row.elements if isinstance(element, cst.Element))


def _starred(row: cst.List | cst.Tuple) -> bool:
    return any(isinstance(element, cst.StarredElement) for element in row.elements)


def _constant(word: cst.CSTNode) -> str | None:
    value = word.evaluated_value if isinstance(word, cst.SimpleString) else None
    return value if isinstance(value, str) else None


def _option(word: cst.BaseExpression) -> bool:
    match word:
        case cst.FormattedString(parts=[cst.FormattedStringText(value=value), *_]):
            return value.startswith("-")
        case cst.BinaryOperation(left=left, operator=cst.Add() | cst.Modulo()):
            return _option(left)
        case cst.Name(value="None" | "True" | "False"):
            return True
        case _:
            return (_constant(word) or "").startswith("-")
