"""The variables that a statement can name, with what their declarations say."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from mithridate.repair.c.nodes import ancestors, descendants, text
from mithridate.repair.c.source import Function, Source, declared_name

_INTEGER = re.compile(
    r"\b(?:u?int\d*(?:_t|_least\d+_t|_fast\d+_t)?|unsigned|signed|short|long|char|s?size_t|off_t|ptrdiff_t|u?intptr_t|u?intmax_t"
    r"|[us]?(?:8|16|32|64)|u?char|ushort|u?long|uint|byte|BYTE|WORD|DWORD|bool|_Bool|\w*(?:size|off|offset|len|count)_t"
    r"|\w*u?s?int(?:8|16|32|64|max|ptr)\w*|[ui](?:8|16|32|64))\b",
    re.IGNORECASE,
)
_UNSIGNED = re.compile(
    r"\b(?:unsigned|uint\w*|u(?:8|16|32|64|char|short|long)\w*|size_t|bool|_Bool|byte|word|dword|\w*_u?size_t)\b|uint", re.I
)


@dataclass(frozen=True, slots=True)
class Variable:
    """One name. `expression` is what a statement writes for it (`item->length` for a member), `type` its type with stars.

    `dimensions` are the texts of an array's sizes ("" for one that is left open); a parameter's array is a pointer. `kind` is
    "parameter", "local", "global" or "member"; `value` the initial value, if its declaration gives one.
    """

    expression: str
    type: str
    kind: str
    dimensions: tuple[str, ...] = ()
    node: Node | None = None
    value: Node | None = None

    @property
    def stars(self) -> int:
        """How many pointers deep it is, without its dimensions."""
        return self.type.count("*")

    @property
    def is_array(self) -> bool:
        """Whether `sizeof` tells its size."""
        flexible = self.kind == "member" and self.dimensions[:1] == ("",)
        return bool(self.dimensions) and self.kind != "parameter" and not flexible

    @property
    def is_pointer(self) -> bool:
        """A pointer, an array that a parameter turned into one, or one at a structure's end whose size nobody declares."""
        return not self.is_array and (self.stars > 0 or bool(self.dimensions))

    @property
    def is_integer(self) -> bool:
        """As far as the name of its type tells."""
        return not self.stars and not self.dimensions and _is_integer(self.type)

    @property
    def is_signed(self) -> bool:
        """An integer that can be negative, as far as the name of its type tells."""
        return self.is_integer and not _UNSIGNED.search(self.type)

    @property
    def element(self) -> str:
        """The type that a pointer or an array is of."""
        return self.type if self.is_array else self.type.replace("*", "", 1).strip() if self.stars else self.type


def variables(source: Source, function: Function, at: Node) -> list[Variable]:
    """Parameters, locals declared before `at` and still in scope, and the file's globals: the nearest declared first."""
    found = [*_locals(function, at), *_parameters(function), *_globals(source)]
    nearest: dict[str, Variable] = {}
    for variable in found:
        nearest.setdefault(variable.expression, variable)
    return list(nearest.values())


def members(variable: Variable, structs: Mapping[str, Node]) -> list[Variable]:
    """The members of a variable that is a structure or a pointer to one, one level deep, as a statement would write them.

    `structs` maps names (tags and typedef names) to the lists of members: see `structures`.
    """
    listed = structs.get(_tag(variable.type))
    if listed is None or variable.dimensions or variable.stars > 1:
        return []
    arrow = "->" if variable.stars else "."
    return [
        Variable(f"{variable.expression}{arrow}{m.expression}", m.type, "member", m.dimensions, m.node)
        for field in listed.named_children
        if field.type == "field_declaration"
        for m in _declared(field, "member")
    ]


def fields(listed: Node) -> list[Variable]:
    """The members of a class as its own functions write them."""
    return [m for field in listed.named_children if field.type == "field_declaration" for m in _declared(field, "member")]


def structures(source: Source) -> dict[str, Node]:
    """The structures defined in a file: tag and typedef name to the list of members."""
    found: dict[str, Node] = {}
    for node in descendants(source.root, {"struct_specifier", "union_specifier", "class_specifier"}):
        body = node.child_by_field_name("body")
        if body is None:
            continue
        if name := text(node.child_by_field_name("name")):
            found.setdefault(name, body)
        above = node.parent
        if above is not None and above.type == "type_definition":
            for declarator in above.children_by_field_name("declarator"):
                if (alias := declared_name(declarator)) and declarator.type == "type_identifier":
                    found.setdefault(alias, body)
    for node in descendants(source.root, {"type_definition"}):
        kind = node.child_by_field_name("type")
        if kind is not None and kind.type in ("struct_specifier", "union_specifier"):
            listed = found.get(text(kind.child_by_field_name("name")))
            for declarator in node.children_by_field_name("declarator"):
                if listed is not None and declarator.type == "type_identifier":
                    found.setdefault(text(declarator), listed)
    return found


def macros(source: Source) -> dict[str, str]:
    """The object-like macros that a file defines: name to text; the file's own enumerators as well, with their values ("")."""
    found: dict[str, str] = {}
    for node in descendants(source.root, {"preproc_def", "enumerator"}):
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        found.setdefault(text(name), text(value).split("/*")[0].split("//")[0].strip())
    return found


def _is_integer(kind: str) -> bool:
    words = re.sub(r"\b(?:const|volatile|static|register|extern|auto|restrict)\b", " ", kind)
    if re.search(r"\b(?:struct|union|float|double|void|FILE)\b", words):
        return False
    return bool(_INTEGER.search(words)) or bool(re.search(r"\benum\b", words))


def _tag(kind: str) -> str:
    words = re.sub(r"\b(?:const|volatile|static|register|extern|struct|union|class|restrict)\b|\*|&", " ", kind).split()
    return words[-1].rpartition("::")[2] if len(words) == 1 else ""


def _locals(function: Function, at: Node) -> Iterator[Variable]:
    around = {above.id for above in ancestors(at)} | {at.id}
    found: list[Variable] = []
    for node in descendants(function.body, {"declaration"}):
        if node.start_byte >= at.start_byte and not (node.parent is not None and node.parent.id == at.id):
            continue
        if node.parent is not None and node.parent.id in around:
            found.extend(v for v in _declared(node, "local") if not (v.node and v.node.start_byte > at.end_byte))
    yield from reversed(found)


def _parameters(function: Function) -> Iterator[Variable]:
    for node in function.parameters:
        yield from _declared(node, "parameter")


def _globals(source: Source) -> Iterator[Variable]:
    pending = list(reversed(source.root.children))
    while pending:
        node = pending.pop()
        if node.type == "declaration":
            yield from _declared(node, "global")
        elif node.type.startswith("preproc_") or node.type in (
            "linkage_specification",
            "namespace_definition",
            "declaration_list",
        ):
            pending.extend(reversed(node.children))


def _declared(node: Node, kind: str) -> Iterator[Variable]:
    base = node.child_by_field_name("type")
    qualifiers = [
        text(c) for c in node.children if c.type == "type_qualifier" and base is not None and c.end_byte <= base.start_byte
    ]
    if base is not None and base.child_by_field_name("body") is not None:  # declared along with its structure
        named = text(base.child_by_field_name("name"))
        head = f"{base.type.partition('_')[0]} {named}" if named else ""
    else:
        head = text(base)
    for declarator in node.children_by_field_name("declarator"):
        value, inner = None, declarator
        if inner.type == "init_declarator":
            value, inner = inner.child_by_field_name("value"), inner.child_by_field_name("declarator") or inner
        stars, name = 0, declared_name(inner)
        dimensions: list[str] = []
        below: Node | None = inner
        while below is not None and below.type not in ("identifier", "field_identifier"):
            if below.type == "function_declarator" and stars == 0:
                name = ""  # a prototype
            stars += below.type == "pointer_declarator"
            if below.type == "array_declarator":
                dimensions.insert(0, text(below.child_by_field_name("size")))
            below = below.child_by_field_name("declarator") or next(
                (c for c in below.named_children if "declarator" in c.type or c.type == "identifier"), None
            )
        if name:
            yield Variable(
                name, " ".join([*qualifiers, head, *(["*" * stars] if stars else [])]), kind, tuple(dimensions), declarator, value
            )
