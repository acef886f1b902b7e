"""What the proposers for Python have in common: from a violation's frames to places in the tree, from edits to a proposal."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst

from mithridate.model.patch import Proposal
from mithridate.model.violation import Violation, ViolationKind
from mithridate.repair.diff import made
from mithridate.repair.interface import Subject, Workbench
from mithridate.repair.python.flow import Place, places
from mithridate.repair.python.source import Edit, Source, Unreadable

_ROOT = "/src/"


@dataclass(frozen=True, slots=True)
class Change:
    """Edits of Python files and whole new contents of others ({path: content}), with the reasons for a proposal."""

    cause: str
    fix: str
    edits: tuple[tuple[Source, Edit], ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    condition: str = ""
    rank: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A violation with the places that led to it, innermost first, in the project's tree."""

    tree: Path
    violation: Violation
    places: tuple[Place, ...]

    def file(self, path: str) -> bytes | None:
        """A file of the project, by its path below the root; None when there is none to be read."""
        whole = self.tree / path
        if whole.is_symlink() or not whole.is_file() or not whole.resolve().is_relative_to(self.tree.resolve()):
            return None
        return whole.read_bytes()

    def source(self, path: str) -> Source | None:
        """The same as Python."""
        data = self.file(path)
        try:
            return Source(path, data) if data is not None else None
        except Unreadable:
            return None


class PythonProposer(ABC):
    """Proposes for violations of its kinds that were seen at a line of the project's Python code."""

    name: str
    kinds: frozenset[ViolationKind]
    lowest_rank = -math.inf

    def propose(self, subject: Subject, bench: Workbench) -> Iterator[Proposal]:  # noqa: ARG002 (others look at the bench)
        """A proposal for each change that leaves Python behind and changes something."""
        if subject.violation.kind not in self.kinds:
            return
        scene = staged(subject.project.tree, subject.violation)
        known: set[str] = set()
        for change in self.changes(scene) if scene.places else ():
            proposal = proposed(self.name, scene, change)
            if proposal is not None and proposal.diff not in known:
                known.add(proposal.diff)
                yield proposal

    @abstractmethod
    def changes(self, scene: Scene) -> Iterator[Change]:
        """What may be changed, the likeliest first."""


def staged(tree: Path, violation: Violation) -> Scene:
    """The places of a violation's frames; those in files that cannot be read are left out."""
    bare = Scene(tree, violation, ())
    sources: dict[str, Source] = {}
    frames = [frame for frame in violation.project_frames if frame.file.startswith(_ROOT)]
    for file in dict.fromkeys(frame.file for frame in frames):
        source = bare.source(file.removeprefix(_ROOT))
        if source is not None:
            sources[file] = source
    return Scene(tree, violation, tuple(places(frames, sources)))


def proposed(name: str, scene: Scene, change: Change) -> Proposal | None:
    """The change as a diff; None when it changes nothing or leaves no Python behind."""
    edits: dict[str, list[Edit]] = {}
    sources: dict[str, Source] = {}
    for source, edit in change.edits:
        sources[source.path] = source
        edits.setdefault(source.path, []).append(edit)
    contents: dict[str, tuple[bytes, bytes]] = {}
    functions: dict[str, None] = {}
    for path, changed in edits.items():
        after = sources[path].edited(changed)
        if after is None:
            return None
        contents[path] = (sources[path].data, after)
        functions.update(dict.fromkeys(_functions(sources[path], changed)))
    for path, content in change.files.items():
        contents[path] = (scene.file(path) or b"", content)
    diff = made(contents)
    if not diff:
        return None
    return Proposal(
        proposer=name,
        cause=change.cause,
        fix=change.fix,
        diff=diff,
        condition=change.condition,
        rank=change.rank,
        functions=tuple(functions),
    )


def edits_of(source: Source, *edits: Edit | Sequence[Edit]) -> tuple[tuple[Source, Edit], ...]:
    """Edits of one file, for a Change."""
    flat: list[Edit] = []
    for edit in edits:
        flat.extend([edit] if isinstance(edit, Edit) else edit)
    return tuple((source, edit) for edit in flat)


def _functions(source: Source, edits: Sequence[Edit]) -> Iterator[str]:
    for edit in edits:
        line = source.text.count("\n", 0, edit.start) + 1
        function = source.function_at(line)
        if isinstance(function, cst.FunctionDef):
            yield function.name.value
