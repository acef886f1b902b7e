"""Archives whose members lead out of the directory that they are extracted to (CWE-22)."""

import re
from collections.abc import Iterator

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.exits import exits
from mithridate.repair.python.flow import Place, argument
from mithridate.repair.python.helper import free_name
from mithridate.repair.python.imports import using
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, dotted, operand

_CAUSE = "the members of an archive from outside are extracted wherever their names lead"


class ArchiveProposer(PythonProposer):
    """The extraction filter for data (PEP 706) where every interpreter has it, and a check of the members elsewhere."""

    name = "python-archive"
    kinds = frozenset({ViolationKind.ARCHIVE_TRAVERSAL, ViolationKind.PATH_TRAVERSAL})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """At the call that extracts."""
        for place in scene.places[:3]:
            for call in place.calls:
                name = dotted(call.func).rpartition(".")[2]
                if name in ("extractall", "extract", "unpack_archive") and isinstance(call.func, cst.Attribute | cst.Name):
                    yield from _filtered(place, call, name, everywhere=_has_filters(scene))


def _has_filters(scene: Scene) -> bool:
    """The project asks for an interpreter that surely has extraction filters: 3.12 or later."""
    told = (scene.file("pyproject.toml") or b"") + (scene.file("setup.cfg") or b"")
    found = re.search(rb"(?:requires-python|python_requires)\s*=\s*[\"']?\s*(?:>=|~=|==)\s*3\.(\d+)", told)
    return found is not None and int(found[1]) >= 12


def _filtered(place: Place, call: cst.Call, name: str, *, everywhere: bool) -> Iterator[Change]:
    source = place.source
    if any(arg.keyword is not None and arg.keyword.value == "filter" for arg in call.args):
        return
    end = source.span(call.args[-1])[1] if call.args else source.span(call)[1] - 1
    comma = ", " if call.args else ""
    fix = "extract with the filter for data, which refuses members that lead out"
    quote = source.quote
    if everywhere or name == "unpack_archive":
        yield Change(_CAUSE, fix, edits_of(source, Edit(end, end, f"{comma}filter={quote}data{quote}")), rank=1.0)
    if name == "unpack_archive" or not isinstance(call.func, cst.Attribute):
        return
    yield from _checked(place, call, name)


def _checked(place: Place, call: cst.Call, name: str) -> Iterator[Change]:
    """Each member is looked at before any is extracted: its name, and where its link leads."""
    source = place.source
    assert isinstance(call.func, cst.Attribute)
    archive = operand(source, call.func.value)
    statement = source.statement_of(call)
    root = argument(call, 0 if name == "extractall" else 1, "path")
    if statement is None:
        return
    target = source.code(root) if root is not None else f"{source.quote}.{source.quote}"
    shown, extra = using(source, "os")
    if name == "extractall":
        given = argument(call, 1, "members")
        members = source.code(given) if given is not None else f"{archive}.getmembers()"
    else:
        first = argument(call, 0, "member")
        if first is None:
            return
        members = (
            f"[{archive}.getmember({source.code(first)})]" if isinstance(first, cst.SimpleString) else f"[{source.code(first)}]"
        )
    root_, member, inside, plain = (free_name(source, word) for word in ("root", "member", "inside", "plain"))
    more: list[Edit] = []
    if (
        name == "extractall" and "zipfile" in source.text and not members.startswith("[")
    ):  # whose members are kept inside by itself
        tar, more = using(source, "tarfile")
        members = f"{members} if isinstance({archive}, {tar}.TarFile) else ()"
    for ending in list(exits(source, place.function, 400, "a member outside of the directory"))[:2]:
        lines = [
            f"{root_} = {shown}.path.realpath({target})",
            f"for {member} in {members}:",
            f"{source.step}{inside} = {shown}.path.realpath({shown}.path.join({root_}, {member}.name))",
            f"{source.step}{plain} = {member}.isreg() or {member}.isdir()",
            f"{source.step}if not {plain} or {shown}.path.commonpath([{root_}, {inside}]) != {root_}:",
            f"{source.step}{source.step}{ending.statement}",
        ]
        condition = f"not {plain} or {shown}.path.commonpath([{root_}, {inside}]) != {root_}"
        fix = "refuse archives with links or with members that lead out"
        edits = edits_of(source, source.before(statement, *lines), extra, more, list(ending.edits))
        yield Change(_CAUSE, fix, edits, condition=condition, rank=1.2)
