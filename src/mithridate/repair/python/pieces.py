"""Text that a program puts together, as a row of constants and holes: f-strings, `+`, `%`, `format`, strings side by side."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from mithridate.repair.python.source import Source

_PERCENT = re.compile(r"%(?:\((?P<name>\w+)\))?(?P<spec>[-#0 +]*\d*(?:\.\d+)?[sdrifxXaeEgGuc%])")
_FIELD = re.compile(r"\{\{|\}\}|\{(?P<name>\w*)(?P<more>[^{}]*)\}")
_NUMBERS = frozenset("difxXeEgGuc")


@dataclass(frozen=True, slots=True)
class Constant:
    """Text of the program's own. [start, end) is where it is written within quotation marks, `raw` how."""

    value: str
    start: int
    end: int
    raw: str


@dataclass(frozen=True, slots=True)
class Hole:
    """An expression whose value is put in. [start, end) is the placeholder within the string, or the expression itself."""

    node: cst.BaseExpression
    start: int
    end: int
    text: bool = False
    """The value is put in as it is, so it is a str already (it stands beside a `+`)."""
    number: bool = False
    """What is put in is written as a number."""


Piece = Constant | Hole


def pieces(source: Source, node: cst.BaseExpression) -> list[Piece] | None:
    """The row; None for an expression that puts no text together. A constant alone is a row of one."""
    match node:
        case cst.SimpleString():
            return _simple(source, node)
        case cst.FormattedString():
            return _formatted(source, node)
        case cst.ConcatenatedString():
            return _joined(pieces(source, node.left), pieces(source, node.right))
        case cst.BinaryOperation(operator=cst.Add()):
            left, right = (pieces(source, n) or [_hole(source, n, text=True)] for n in (node.left, node.right))
            both = [*left, *right]
            return both if any(isinstance(p, Constant) for p in both) else None
        case cst.BinaryOperation(operator=cst.Modulo()):
            return _percent(source, node)
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="format"))):
            return _format(source, node)
        case _:
            return None


def holes(row: Sequence[Piece]) -> list[Hole]:
    """The holes in it."""
    return [piece for piece in row if isinstance(piece, Hole)]


def literal(value: str, quote: str) -> str:
    """A string literal for a text, in that kind of quotation mark where it needs no escape for it."""
    if quote in value and (other := "'" if quote == '"' else '"') not in value:
        quote = other
    body = value.replace("\\", "\\\\")
    if "\n" in value and quote * 3 not in body and not body.endswith(quote):
        return quote * 3 + body.replace("\r", "\\r") + quote * 3
    body = body.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t").replace(quote, "\\" + quote)
    return quote + body + quote


def _hole(source: Source, node: cst.BaseExpression, *, text: bool = False) -> Hole:
    return Hole(node, *source.span(node), text=text)


def _joined(left: list[Piece] | None, right: list[Piece] | None) -> list[Piece] | None:
    return None if left is None or right is None else [*left, *right]


def _simple(source: Source, node: cst.SimpleString) -> list[Piece] | None:
    value = node.evaluated_value
    if not isinstance(value, str):
        return None
    start, end = source.span(node)
    lead, tail = len(node.prefix) + len(node.quote), len(node.quote)
    return [Constant(value, start + lead, end - tail, source.text[start + lead : end - tail])]


def _formatted(source: Source, node: cst.FormattedString) -> list[Piece] | None:
    row: list[Piece] = []
    raw = "r" in node.prefix.lower()
    for part in node.parts:
        start, end = source.span(part)
        if isinstance(part, cst.FormattedStringText):
            text = part.value.replace("{{", "{").replace("}}", "}")
            row.append(Constant(text if raw else _unescaped(text), start, end, part.value))
        elif isinstance(part, cst.FormattedStringExpression):
            number = any(
                isinstance(spec, cst.FormattedStringText) and spec.value[-1:] in _NUMBERS for spec in part.format_spec or ()
            )
            row.append(Hole(part.expression, start, end, number=number))
    return row


def _percent(source: Source, node: cst.BinaryOperation) -> list[Piece] | None:
    left = pieces(source, node.left)
    if left is None or holes(left):
        return None
    values: list[cst.BaseExpression] = []
    named: dict[str, cst.BaseExpression] = {}
    match node.right:
        case cst.Tuple():
            values = [element.value for element in node.right.elements]
        case cst.Dict():
            for element in node.right.elements:
                if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString):
                    named[str(element.key.evaluated_value)] = element.value
        case _:
            values = [node.right]
    row: list[Piece] = []
    for piece in left:
        assert isinstance(piece, Constant)
        last, at = 0, piece.start
        for found in _PERCENT.finditer(piece.raw):
            if found["spec"].endswith("%"):
                continue
            value = named.get(found["name"]) if found["name"] else (values.pop(0) if values else None)
            if value is None:
                return None
            row.append(_part(piece, at + last, at + found.start(), percent=True))
            row.append(Hole(value, at + found.start(), at + found.end(), number=found["spec"][-1] in _NUMBERS))
            last = found.end()
        row.append(_part(piece, at + last, piece.end, percent=True))
    return None if values or not holes(row) else [p for p in row if isinstance(p, Hole) or p.value]


def _format(source: Source, node: cst.Call) -> list[Piece] | None:
    assert isinstance(node.func, cst.Attribute)
    left = pieces(source, node.func.value)
    if left is None or holes(left) or any(arg.star for arg in node.args):
        return None
    plain = [arg.value for arg in node.args if arg.keyword is None]
    named = {arg.keyword.value: arg.value for arg in node.args if arg.keyword is not None}
    row: list[Piece] = []
    turn = 0
    for piece in left:
        assert isinstance(piece, Constant)
        last, at = 0, piece.start
        for found in _FIELD.finditer(piece.raw):
            if found.group() in ("{{", "}}"):
                continue
            if found["more"] and not found["more"].startswith((":", "!")):
                return None
            name = found["name"]
            number = int(name) if name.isdigit() else turn
            turn += not name
            value = plain[number] if (not name or name.isdigit()) and number < len(plain) else named.get(name)
            if value is None:
                return None
            row.append(_part(piece, at + last, at + found.start(), braces=True))
            row.append(Hole(value, at + found.start(), at + found.end(), number=found["more"][-1:] in _NUMBERS))
            last = found.end()
        row.append(_part(piece, at + last, piece.end, braces=True))
    return [p for p in row if isinstance(p, Hole) or p.value] if holes(row) else None


def _part(piece: Constant, start: int, end: int, *, percent: bool = False, braces: bool = False) -> Constant:
    raw = piece.raw[start - piece.start : end - piece.start]
    value = raw.replace("%%", "%") if percent else raw
    value = value.replace("{{", "{").replace("}}", "}") if braces else value
    plain = piece.raw == piece.value  # written without escapes, or in a raw string
    return Constant(value if plain else _unescaped(value), start, end, raw)


def _unescaped(text: str) -> str:
    """What a piece of a string literal stands for."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_character, text)


_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(\r?\n)|(.))", re.DOTALL)
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"', "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def _character(found: re.Match[str]) -> str:
    if found[1] or found[2]:
        return chr(int(found[1] or found[2], 16))
    return "" if found[3] else _SHORT.get(found[4], found[0])
