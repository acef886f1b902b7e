"""Functions that end the program where they begin: whatever still does what it did runs none of them."""

from collections.abc import Collection

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

STOP = "raise SystemExit(97)"
"""No test expects it, and no handler of `Exception` catches it."""


def with_stops(source: bytes, lines: Collection[int]) -> bytes:
    """The source with a stop in the functions that are defined at these lines, as the reader of Python counts them.

    As it is when it cannot be read.
    """
    try:
        wrapper = MetadataWrapper(cst.parse_module(source))
    except (cst.ParserSyntaxError, UnicodeDecodeError, RecursionError):
        return source
    return wrapper.visit(_Stopping(frozenset(lines))).bytes


class _Stopping(cst.CSTTransformer):
    """Puts the stop behind a docstring, which frameworks read."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, lines: frozenset[int]) -> None:
        super().__init__()
        self._lines = lines

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        if self.get_metadata(PositionProvider, original_node).start.line not in self._lines:
            return updated_node
        stop = cst.parse_statement(STOP)
        body = updated_node.body
        if isinstance(body, cst.SimpleStatementSuite):
            assert isinstance(stop, cst.SimpleStatementLine)
            return updated_node.with_changes(body=body.with_changes(body=[*stop.body, *body.body]))
        first = 1 if original_node.get_docstring() is not None else 0
        return updated_node.with_changes(body=body.with_changes(body=[*body.body[:first], stop, *body.body[first:]]))
