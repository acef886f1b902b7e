"""Functions that end the program where they begin: whatever still does what it did runs none of them."""

from collections.abc import Collection

import libcst as cst

STOP = "raise SystemExit(97)"
"""No test expects it and no handler of errors takes it for one."""


def with_stops(source: bytes, names: Collection[str]) -> bytes:
    """The source with a stop in functions of these names, as the reader of Python gives them; as it is if it cannot be read."""
    try:
        module = cst.parse_module(source)
    except (cst.ParserSyntaxError, UnicodeDecodeError, RecursionError):
        return source
    return module.visit(_Stopping(frozenset(names))).bytes


class _Stopping(cst.CSTTransformer):
    """Puts the stop behind a docstring, which frameworks read."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__()
        self._names = names
        self._within: list[str] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._within.append(node.name.value)

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:  # noqa: ARG002
        self._within.pop()
        return updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._within.append(node.name.value)

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        name = ".".join(self._within)
        self._within.pop()
        if name not in self._names:
            return updated_node
        stop = cst.parse_statement(STOP)
        body = updated_node.body
        if isinstance(body, cst.SimpleStatementSuite):
            assert isinstance(stop, cst.SimpleStatementLine)
            return updated_node.with_changes(body=body.with_changes(body=[*stop.body, *body.body]))
        first = 1 if original_node.get_docstring() is not None else 0
        return updated_node.with_changes(body=body.with_changes(body=[*body.body[:first], stop, *body.body[first:]]))
