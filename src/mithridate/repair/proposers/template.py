"""A proposer that fills templates for some kinds of violation of a C or C++ program."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

from mithridate.model.patch import Proposal
from mithridate.model.violation import ViolationKind
from mithridate.repair import diff
from mithridate.repair.c.codebase import Codebase
from mithridate.repair.c.scene import Draft, Scene
from mithridate.repair.interface import Subject, Workbench

MOST = 24
"""Proposals of one template for one finding: what ranks below is a guess."""

Drafting = Callable[[Scene], Iterator[Draft]]


class Read:
    """What was parsed of the last tree that was asked for."""

    def __init__(self) -> None:
        self._code: Codebase | None = None

    def of(self, tree: Path) -> Codebase:
        """The sources below `tree`."""
        if self._code is None or self._code.root != tree:
            self._code = Codebase(tree)
        return self._code


class Template:
    """Gives the drafts of `drafting` as proposals, the lowest rank first, each change once."""

    lowest_rank = -math.inf

    def __init__(
        self, name: str, kinds: frozenset[ViolationKind], drafting: Drafting, most: int = MOST, read: "Read | None" = None
    ) -> None:
        self.name = name
        self._read = read or Read()
        self.kinds = kinds
        self._drafting = drafting
        self._most = most

    def propose(self, subject: Subject, bench: Workbench) -> Iterator[Proposal]:
        """Proposals for the violation of the subject's first proof, when it is of this template's kinds."""
        if subject.component.language not in ("c", "c++", "C", "C++") or subject.violation.kind not in self.kinds:
            return
        tree = bench.original.tree
        yield from self.proposals(Scene(tree, subject.violation, self._read.of(tree)))

    def sharing(self, read: "Read") -> "Template":
        """The same, with what others have read."""
        return Template(self.name, self.kinds, self._drafting, self._most, read)

    def proposals(self, scene: Scene) -> Iterator[Proposal]:
        """Proposals for a scene."""
        seen: set[str] = set()
        for draft in sorted(self._drafting(scene), key=lambda d: d.rank):
            made = _diff(scene.code, draft)
            if not made or made in seen:
                continue
            seen.add(made)
            yield Proposal(
                proposer=self.name,
                cause=draft.cause,
                fix=draft.fix,
                diff=made,
                condition=draft.condition,
                rank=round(draft.rank, 3),
                functions=draft.functions,
            )
            if len(seen) >= self._most:
                return


def _diff(code: Codebase, draft: Draft) -> str:
    changes = {}
    for path, after in draft.changes.items():
        source = code.source(path)
        if source is None:
            return ""
        changes[path] = (source.content, after)
    return diff.made(changes)
