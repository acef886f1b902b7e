"""Small functions and classes that a patch adds to a module, put in front of the function that needs them."""

from collections.abc import Sequence

import libcst as cst

from mithridate.repair.python.source import Edit, Function, Source


def defined_before(source: Source, function: Function, lines: Sequence[str]) -> Edit:
    """The lines of a definition (indented by four) as a part of the module, above the outermost thing around `function`."""
    above: cst.CSTNode = function
    for parent in source.parents(function):
        if isinstance(parent, cst.Module):
            break
        if isinstance(parent, cst.FunctionDef | cst.ClassDef):
            above = parent
    if isinstance(above, cst.Module):
        above = next((n for n in source.module.body if not _leads(n)), source.module.body[-1])
    at = source.line_start(above)
    step = source.step
    text = "".join(line.replace("    ", step) + source.newline for line in lines)
    return Edit(at, at, text + source.newline * 2)


def free_name(source: Source, wanted: str) -> str:
    """The name, or one like it that the file does not use."""
    used = {node.value for node in source.nodes() if isinstance(node, cst.Name)}
    while wanted in used:
        wanted += "_"
    return wanted


def _leads(node: cst.CSTNode) -> bool:
    """A docstring or an import: stands before everything else."""
    if not isinstance(node, cst.SimpleStatementLine):
        return False
    return all(
        isinstance(small, cst.Import | cst.ImportFrom)
        or (isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString))
        for small in node.body
    )
