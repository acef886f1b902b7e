"""How a function fails, told by its own other early exits, so that a new check reads as if its maintainers wrote it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tree_sitter import Node

from mithridate.repair.c.cleanup import gives_back, releases
from mithridate.repair.c.nodes import (
    ancestors,
    arguments,
    called,
    condition,
    descendants,
    enclosing,
    identifiers,
    text,
    within,
)
from mithridate.repair.c.scope import variables
from mithridate.repair.c.source import Function, Source, loops_around

Leaves = Literal["return", "goto", "break", "continue", "exit", "throw"]
Wrong = Literal["bound", "null"]

_LONGEST = 5
_UNLIKELY = 3.5
"""The score from which an exit is one of success rather than of failure."""
_ENDINGS = re.compile(
    r"^(?:_?exit|_Exit|abort|errx?|verrx?|die|fatal|panic|usage|bail|\w*_(?:die|fatal|panic|abort|exit))$", re.I
)
_CONSTANT = re.compile(
    r"^\(*\s*(?:\([\w\s*]+\)\s*)?[-~]?\s*(?:\d\w*|[A-Z_][A-Z0-9_]*|(?:\w+::)?k?[A-Z]\w*|NULL|nullptr|true|false)(?:\s*\([-\d]+\))?\s*\)*$"
)
_BAD_VALUE = re.compile(
    r"NULL|nullptr|-\s*\d|-\s*[A-Z]|ERR|FAIL|INVAL|BAD|TRUNC|MALFORM|CORRUPT|FALSE|false|OVERFLOW|LIMIT", re.I
)


@dataclass(frozen=True, slots=True)
class ErrorPath:
    """One way to fail: statements without their indentation, the last of which leaves. `learned` from the function itself."""

    statements: tuple[str, ...]
    leaves: Leaves
    learned: bool


def error_path(source: Source, function: Function, at: Node, wrong: Wrong = "bound", message: str = "") -> ErrorPath | None:
    """The likeliest of `error_paths`."""
    return next(iter(error_paths(source, function, at, wrong, message)), None)


def error_paths(source: Source, function: Function, at: Node, wrong: Wrong = "bound", message: str = "") -> list[ErrorPath]:
    """The ways to fail before the statement `at`, the likeliest first: learnt ones, then what the result's type allows.

    `wrong` is what the new check looks for: exits behind a check of that kind come first. `message` takes the place of the text
    in a logging call that stands beside an exit.
    """
    visible = {v.expression for v in variables(source, function, at)}
    owned = {v.expression for v in variables(source, function, function.body.children[-1])} | visible
    hidden = owned - visible
    hidden |= {text(i) for d in descendants(function.body, {"declaration"}) for i in descendants(d, {"identifier"})} - visible
    scored: dict[tuple[str, ...], tuple[float, ErrorPath]] = {}
    for check, block in _exits(function):
        if block[0].start_byte <= at.start_byte <= block[-1].end_byte:
            continue
        path = _path(block, message)
        if path is None or not _allowed(path, block, check, at):
            continue
        if any(identifiers(statement) & hidden for statement in block):
            continue
        score = _score(function, check, block, at, wrong, path)
        known = scored.get(path.statements)
        if known is None or score < known[0]:
            scored[path.statements] = (score, path)
    ordered = sorted(scored.values(), key=lambda entry: entry[0])
    learned = [path for score, path in ordered if score < _UNLIKELY or score == ordered[0][0]]
    good = {(f"return {success(function)};",)} if learned else set()
    paths = learned + [d for d in _defaults(source, function, at) if d.statements not in scored and d.statements not in good]
    held = releases(function, at)
    clean = [p for p in paths if p.leaves == "goto" and gives_back(function, p.statements[-1].split()[-1].rstrip(";"), held)]
    return clean + [cleaned for path in paths if path not in clean for cleaned in _cleaned(path, held)]


def _cleaned(path: ErrorPath, owned: Sequence[str]) -> Iterator[ErrorPath]:
    """The same after giving back what the function owns by then, where it does not do that itself, and then as it is."""
    told = " ".join(path.statements)
    kept = [one for one in owned if path.leaves == "return" and not re.search(rf"\b{one.partition('(')[2][:-2]}\b", told)]
    if kept:
        yield replace(path, statements=(*kept, *path.statements))
    yield path


def success(function: Function) -> str:
    """What the function returns at its end, "" for nothing or when it does not end with a return."""
    last = [c for c in function.body.named_children if c.type != "comment"][-1:]
    return _value(last[0]) if last and last[0].type == "return_statement" else ""


def _exits(function: Function) -> Iterator[tuple[Node, list[Node]]]:
    for check in descendants(function.body, {"if_statement"}):
        consequence = check.child_by_field_name("consequence")
        if consequence is None:
            continue
        block = [consequence]
        if consequence.type == "compound_statement":
            block = [c for c in consequence.named_children if c.type != "comment"]
        if block and len(block) <= _LONGEST and not any(_nests(s) for s in block):
            yield check, block


def _nests(statement: Node) -> bool:
    return within(statement, lambda n: n.type == "compound_statement" or n.type in ("if_statement", "declaration")) is not None


def _path(block: list[Node], message: str) -> ErrorPath | None:
    leaves = _leaves(block[-1])
    if leaves is None:
        return None
    value = _value(block[-1])
    if leaves == "return" and value and not _CONSTANT.match(value):
        # a variable that the block itself sets is as good as a constant
        assigned = {text(a.child_by_field_name("left")) for s in block[:-1] for a in descendants(s, {"assignment_expression"})}
        if value not in assigned:
            return None
    statements = [_said(statement, message) for statement in block]
    if any("\n" in s for s in statements[:-1]) and sum(s.count("\n") for s in statements) > 6:
        return None
    return ErrorPath(tuple(" ".join(s.split()) if "\n" in s else s for s in statements), leaves, True)


def _leaves(statement: Node) -> Leaves | None:
    plain: dict[str, Leaves] = {
        "return_statement": "return",
        "goto_statement": "goto",
        "break_statement": "break",
        "continue_statement": "continue",
        "throw_statement": "throw",
    }
    if statement.type in plain:
        return plain[statement.type]
    if statement.type == "expression_statement" and statement.named_child_count:
        call = statement.named_children[0]
        if call.type == "call_expression" and _ENDINGS.match(called(call)):
            return "exit"
    return None


def _value(statement: Node) -> str:
    return text(statement.named_children[0]) if statement.type == "return_statement" and statement.named_child_count else ""


def _said(statement: Node, message: str) -> str:
    """The statement; with our message, without the values that went with the old one, where it is a call that logs."""
    call = within(statement, lambda n: n.type == "call_expression")
    if not message or call is None:
        return text(statement)
    given = arguments(call)
    literal = next((a for a in given if a.type in ("string_literal", "concatenated_string") and len(text(a)) > 5), None)
    if literal is None:
        return text(statement)
    end = "\\n" if text(literal).rstrip('"').endswith("\\n") else ""
    start, last = literal.start_byte - statement.start_byte, given[-1].end_byte - statement.start_byte
    raw = statement.text or b""
    told = raw[:start] + f'"{message}{end}"'.encode() + raw[last:]
    return told.decode("utf-8", "surrogateescape")


def _allowed(path: ErrorPath, block: list[Node], check: Node, at: Node) -> bool:
    if path.leaves in ("break", "continue"):
        mine, theirs = loops_around(at), loops_around(check)
        if not mine or not theirs or mine[0].id != theirs[0].id:
            return False
        between = [a for node in (check, at) for a in ancestors(node) if a.start_byte > mine[0].start_byte]
        return path.leaves == "continue" or not any(a.type == "switch_statement" for a in between)
    if path.leaves == "goto":
        label = text(block[-1].child_by_field_name("label"))
        function = enclosing(at, {"function_definition"})
        if function is not None:
            for labelled in descendants(function, {"labeled_statement"}):
                if text(labelled.child_by_field_name("label")) == label:
                    return labelled.start_byte > at.start_byte  # backwards is no way to fail
    return True


def _score(function: Function, check: Node, block: list[Node], at: Node, wrong: Wrong, path: ErrorPath) -> float:
    told = text(condition(check))
    lines = at.start_point[0] - check.start_point[0]
    score = min(abs(lines), 200) / 40 + (1.5 if lines < 0 else 0.0)
    compares = bool(re.search(r"[<>]=?(?!>)", re.sub(r"->|<<|>>", " ", told)))
    nulls = bool(re.search(r"!\s*[\w(*]|NULL|nullptr|== *0\b", told))
    if (wrong == "bound" and compares) or (wrong == "null" and nulls):
        score -= 2.0
    value = _value(block[-1])
    if path.leaves == "return":
        good = success(function)
        if value and value == good:
            score += 4.0
        if _BAD_VALUE.search(value):
            score -= 1.0
        if re.search(r"NO_?MEM|MEMORY|ALLOC", value, re.I):
            score += 1.5
    if path.leaves in ("break", "continue"):
        score += 3.0
    around = {a.id for a in ancestors(at)}
    above = check.parent
    score += 0.0 if above is not None and above.id in around else 1.0
    return score


def _defaults(source: Source, function: Function, at: Node) -> list[ErrorPath]:
    result, good = function.result, success(function)
    values: list[str] = []
    plain = re.sub(r"\b(?:static|const|inline|extern|struct)\b", "", result).strip()
    if plain == "void" or not plain:
        values = [""]
    elif result.endswith("*"):
        values = ["nullptr" if source.cplusplus and b"nullptr" in source.content else "NULL"]
    elif re.search(r"\b_?bool\b", plain, re.I):
        values = ["FALSE" if b"FALSE" in source.content and plain.isupper() else "false"]
    elif re.search(r"unsigned|u?size_t\b|\buint", plain) and "ssize" not in plain:
        values = ["0"]
    elif re.fullmatch(r"(?:signed\s+)?(?:int|long|short|char|ssize_t|off_t|int\d+_t|ptrdiff_t|long long|long int)", plain):
        values = ["0"] if good in ("1", "TRUE", "(1)") else ["-1", "0"] if good in ("0", "", "(0)") else ["-1"]
        if function.name == "main":
            values = ["1"]
    elif good and _CONSTANT.match(good):
        values = [good]
    paths = [ErrorPath((f"return {value};" if value else "return;",), "return", False) for value in values]
    if loops_around(at):
        inside = next((a for a in ancestors(at) if a.type == "switch_statement" or a == loops_around(at)[0]), None)
        if inside is not None and inside.type != "switch_statement":
            paths.append(ErrorPath(("break;",), "break", False))
        if loops_around(at)[0].type == "for_statement":
            paths.append(ErrorPath(("continue;",), "continue", False))
    return paths
