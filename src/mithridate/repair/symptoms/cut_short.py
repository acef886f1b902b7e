"""A result that is cut short: a function that can tell of no failure leaves early, and what it owes is never written."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from mithridate.repair.c.nodes import arguments, descendants, text, uncast
from mithridate.repair.c.source import Function, declared_name, parse
from mithridate.repair.reading.c import CReader
from mithridate.repair.symptoms.interface import Change, Patched, Symptom

_WRITES = frozenset(
    {
        *(
            "snprintf",
            "sprintf",
            "vsnprintf",
            "vsprintf",
            "strcpy",
            "strncpy",
            "stpcpy",
            "strlcpy",
            "strcat",
            "strncat",
            "strlcat",
        ),
        *("memcpy", "memmove", "memset", "bcopy", "mempcpy", "std::memcpy", "std::memset"),
    }
)
"""They write to what their first argument points to."""


class CutShort:
    """Looks at functions of C and C++ without a result, which always wrote to a parameter's object and do no more.

    Where the function left early before, its callers know how to live with that.
    """

    name = "result cut short"

    def look(self, patched: Patched) -> Iterator[Symptom]:
        """Each added exit with the first statement that it skips."""
        for change in patched.changes:
            if change.creates or change.deletes or not change.path.lower().endswith(tuple(CReader.suffixes)):
                continue
            before = {f.name: f for f in parse(change.path, change.before).functions}
            for new in parse(change.path, change.after).functions:
                old = before.get(new.name)
                if old is not None and _void(new) and not any(_exits(old)):
                    yield from self._skipped(change, new)

    def _skipped(self, change: Change, new: Function) -> Iterator[Symptom]:
        for leaving in _exits(new):
            beside = leaving.parent.named_children if leaving.parent is not None else []
            before = [s for s in (*new.body.named_children, *beside) if s.end_byte <= leaving.start_byte]
            done = {name for statement in before for name in _written(statement, new)}
            after = [s for s in new.body.named_children if s.start_byte > leaving.end_byte]
            owed = {name for statement in after for name in _written(statement, new)} - done
            if owed:
                place = change.place(leaving.start_point[0] + 1)
                told = f"{new.name}() can tell of no failure, and its caller's {min(owed)} stays unwritten"
                yield Symptom(self.name, f"{place}: {told}")


def _void(function: Function) -> bool:
    return re.fullmatch(r"(?:(?:static|inline|extern)\s+)*void", " ".join(function.result.split())) is not None


def _exits(function: Function) -> Iterator[Node]:
    return descendants(function.body, {"return_statement"})


def _written(statement: Node, function: Function) -> set[str]:
    """The parameters whose objects a statement, when it runs, always writes to."""
    if statement.type != "expression_statement":
        return set()
    owed = {declared_name(p.child_by_field_name("declarator")) for p in function.parameters if _may_be_written(p)}
    targets: list[str] = []
    for node in descendants(statement, {"assignment_expression", "call_expression"}):
        target = node.child_by_field_name("left")
        if node.type == "call_expression":
            given = arguments(node)
            target = given[0] if given and text(node.child_by_field_name("function")) in _WRITES else None
        elif target is not None and target.type not in ("pointer_expression", "subscript_expression", "field_expression"):
            continue
        targets += [text(uncast(target))] if target is not None else []
    return {name for name in owed for told in targets if name and re.match(rf"[(*\s&]*{re.escape(name)}\b", told)}


def _may_be_written(parameter: Node) -> bool:
    declarator = parameter.child_by_field_name("declarator")
    pointer = declarator is not None and re.search(r"pointer|array|reference", declarator.type) is not None
    return pointer and not text(parameter).startswith("const")
