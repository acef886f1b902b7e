"""What a statement has in sight: the values that a probe records before it, and the text of the probe."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tree_sitter import Node

from mithridate.repair.c.nodes import bare, called, descendants, index_of, text
from mithridate.repair.c.scope import Variable, members, variables
from mithridate.repair.c.source import Function, Source

MOST = 72
"""Values that one probe records at most: the nearest ones."""

_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|\d+)(?:[uUlL]*)")
_LONGEST_NUMBER = 20
_SIMPLE = re.compile(r"[A-Za-z_]\w*(?:(?:->|\.)[A-Za-z_]\w*)*")
_CHARACTERS = re.compile(r"\bu?char\b|\bu?int8_t\b|\bbyte\b|\bBYTE\b|\bu8\b|\bs8\b")
_OF_STRINGS = re.compile(r"str|printf|puts|cat|cpy", re.I)
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]{2,}")
_NO_VALUES = frozenset({"NULL", "EOF", "TRUE", "FALSE", "stderr", "stdout", "stdin", "errno"})


@dataclass(frozen=True, slots=True)
class Watched:
    """One value. `name` is its source text, `how` is "variable" (it has an address), "array", "constant" or "length"."""

    name: str
    how: str
    type: str = ""
    element: bool = True
    """Whether the size of what it points to is asked for as well (which does not compile for an incomplete type)."""


def watched(
    source: Source, function: Function, at: Node, structs: Mapping[str, Node], macros: Mapping[str, str]
) -> list[Watched]:
    """The values in sight of `at`, the nearest first: what the statement mentions, then what the function does, then the rest."""
    in_scope = variables(source, function, at)
    by_name = {v.expression: v for v in in_scope}
    wanted: dict[str, Watched] = {}
    near = _expressions(at, by_name)
    far = _expressions(function.node, by_name)
    for expression in [*near, *far]:
        _add(wanted, expression, by_name)
    for variable in [v for v in in_scope if v.kind != "global"]:
        _of(wanted, variable)
    told = {text(i) for i in descendants(function.node, {"identifier"})}
    for variable in [v for v in in_scope if v.kind == "global" and v.expression in told]:
        _of(wanted, variable)
    for variable in list(by_name.values()):
        if variable.kind != "global" or variable.expression in told:
            for member in members(variable, structs):
                _of(wanted, member)
    for name in sorted(told & set(macros)):
        wanted.setdefault(name, Watched(name, "constant"))
    for name in sorted(t for t in told if _CONSTANT.fullmatch(t) and t not in _NO_VALUES):
        wanted.setdefault(name, Watched(name, "constant"))
    of_strings = any(_OF_STRINGS.search(called(call)) for call in descendants(at, {"call_expression"}))
    for one in [w for w in wanted.values() if of_strings and w.how == "variable" and w.name in near and _string(w.type)]:
        wanted[f"strlen({one.name})"] = Watched(f"strlen({one.name})", "length", one.name)
    return list(wanted.values())[:MOST]


def mentioned(at: Node) -> frozenset[str]:
    """The variables, members and constants that a statement speaks of, and strlen of them."""
    found = {text(n) for n in descendants(at, {"identifier", "field_expression"})}
    return frozenset({re.sub(r"\s", "", one) for one in found} | {f"strlen({one})" for one in found})


def indices(at: Node) -> frozenset[str]:
    """What stands alone in a statement's subscripts."""
    found = (index_of(node) for node in descendants(at, {"subscript_expression"}))
    return frozenset(re.sub(r"\s", "", text(bare(index))) for index in found if index is not None)


def numbers(function: Function) -> tuple[int, ...]:
    """The literals that the function's text holds."""
    found = set()
    for node in descendants(function.node, {"number_literal"}):
        if (match := _NUMBER.fullmatch(text(node))) and len(match[1]) < _LONGEST_NUMBER:
            found.add(_value(match[1].lower()))
    return tuple(sorted(n for n in found if n < 1 << 31))


def _value(literal: str) -> int:
    if literal.startswith("0x"):
        return int(literal, 16)
    return int(literal, 8) if re.fullmatch(r"0[0-7]+", literal) else int(literal)


def statement(place: int, values: list[Watched], line: int, first: int, *, expression: bool) -> str:
    """The probe in C. Value k stands on line `first` + k, as the preprocessor counts, and what follows on `line` again.

    `expression`: for the front of a condition, with a comma behind it.
    """
    body = [f"unsigned char *mithridate_s = mithridate_slot({place}); if (mithridate_s) {{"]
    body += [_recorded(index, value) for index, value in enumerate(values)]
    body += ["mithridate_done(mithridate_s); }"]
    opening, closing = ("({", "}), ") if expression else ("{", "}")
    lines = "".join(f"\n#line {first + number - 1}\n{part}" for number, part in enumerate(body))
    return f"{opening}{lines}{closing}\n#line {line}\n"


def _recorded(index: int, value: Watched) -> str:
    slot = f"mithridate_s, {index}"
    name = value.name
    if value.how == "constant":
        return f"mithridate_number({slot}, MITHRIDATE_KIND({name}), sizeof({name}), (long long)({name}));"
    if value.how == "length":
        return f"mithridate_length({slot}, mithridate_pointed({_address(value.type)}));"
    if value.how == "array":
        return f"mithridate_object({slot}, (unsigned long)({name}), sizeof(*({name})));"
    element = f"sizeof(*({name}))" if "*" in value.type and value.element else "0"
    return f"mithridate_put({slot}, MITHRIDATE_KIND({name}), {_address(name)}, sizeof({name}), {element});"


def _address(name: str) -> str:
    """Where an lvalue lies, found without reading through a pointer that cannot be read through."""
    head, arrow, member = _last(name)
    if not member:
        return f"(const char *)__builtin_addressof({name})"
    if arrow == ".":
        return f"mithridate_added({_address(head)}, __builtin_offsetof(__typeof__({head}), {member}))"
    base = "(const char *)this" if head == "this" else f"mithridate_pointed({_address(head)})"
    return f"mithridate_added({base}, __builtin_offsetof(__typeof__(*({head})), {member}))"


def _last(name: str) -> tuple[str, str, str]:
    """`a->b.c` as `a->b`, `.`, `c`; a plain name without the other two."""
    match = re.fullmatch(r"(.*)(->|\.)([A-Za-z_]\w*)", name)
    return (match[1], match[2], match[3]) if match else (name, "", "")


def _expressions(node: Node, by_name: Mapping[str, Variable]) -> list[str]:
    """Names and members below a node that are variables in scope or lead from one, in the order of the text."""
    found: dict[str, None] = {}
    calls = {called(c) for c in descendants(node, {"call_expression"})}
    for one in descendants(node, {"identifier", "field_expression"}):
        name = re.sub(r"\s", "", text(one))
        root = re.split(r"->|\.", name)[0]
        if _SIMPLE.fullmatch(name) and (root in by_name or root == "this") and name not in calls:
            found[name] = None
    return list(found)


def _add(wanted: dict[str, Watched], name: str, by_name: Mapping[str, Variable]) -> None:
    variable = by_name.get(name)
    if variable is not None:
        _of(wanted, variable)
    elif name != "this":
        wanted.setdefault(name, Watched(name, "variable", "", element=False))


def _of(wanted: dict[str, Watched], variable: Variable) -> None:
    name = variable.expression
    if variable.is_array:
        wanted[name] = Watched(name, "array", variable.type)
        size = f"sizeof({name})"
        if not _CHARACTERS.search(variable.type) or variable.stars:
            size = f"sizeof({name}) / sizeof({name}[0])"
        if "->" not in name:
            wanted.setdefault(size, Watched(size, "constant"))
    elif variable.is_pointer or variable.stars:
        kind = variable.type if "*" in variable.type else variable.type + " *"
        wanted[name] = Watched(name, "variable", kind)
    else:
        wanted.setdefault(name, Watched(name, "variable", variable.type))


def _string(kind: str) -> bool:
    return kind.count("*") == 1 and bool(re.search(r"\bchar\b", kind))
