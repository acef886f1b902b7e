"""Repair of what fires only with a shadow patch: patches are made on top of that, and told as patches of the snapshot."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from mithridate.model.errors import UsageError
from mithridate.model.patch import Patch
from mithridate.model.project import Project
from mithridate.prove.bundle import Bundle
from mithridate.repair.diff import DiffError, apply, sizes
from mithridate.repair.interface import Shown
from mithridate.repair.stacked import alone, together
from mithridate.stages.workshop import Workshop
from mithridate.store.snapshot import take_snapshot


def shadow_of(bundle: Bundle) -> str:
    """The diff that has to be applied before the proof fires; "" for none."""
    shadow = bundle.manifest.proof.shadow
    return shadow.diff if shadow is not None else ""


def with_patch(base: str, project: Project, folder: Path) -> Project:
    """The project with a shadow patch applied, below `folder`. UsageError when it does not fit."""
    changed = folder / "behind"
    shutil.copytree(project.tree, changed, symlinks=True)
    try:
        apply(base, changed)
    except DiffError as error:
        raise UsageError(f"the patch in the bundle does not fit its source: {error}") from error
    own = hashlib.sha256(f"{folder}\0{project.snapshot}\0{base}".encode("utf-8", "surrogateescape")).hexdigest()
    made, _ = take_snapshot(changed, folder / "snapshot")
    return replace(made, name=project.name, snapshot=own)  # not the content's: who proves a bundle builds that, and keeps it


def shown_by(bundle: Bundle, bench: Workshop) -> Shown | None:
    """The proof as repair needs it; with a shadow patch, as it shows in that tree, for its record has the snapshot's lines."""
    door, violation = bundle.manifest.entry.id, bundle.manifest.proof.violation
    if shadow_of(bundle):
        return shown_in(bench, door, bundle.input, violation.signature)
    return Shown(entry_id=door, data=bundle.input, violation=violation)


def shown_in(bench: Workshop, door: str, data: bytes, signature: str) -> Shown | None:
    """What an input shows in the workshop's unpatched tree; None when that is not the violation asked for."""
    if door not in bench.original.entries:
        return None
    (seen,) = bench.judge(bench.original, door, [data])
    violation = next((v for v in seen if v.signature == signature), None) if isinstance(seen, tuple) else None
    return Shown(entry_id=door, data=data, violation=violation) if violation is not None else None


def for_snapshot(patch: Patch, base: str, tree: Path) -> Patch:
    """A patch that was made on top of a shadow patch, as one of the snapshot: by itself where it can be, else with that patch.

    DiffError cannot be: both were applied before.
    """
    own = alone(base, patch.proposal.diff, tree)
    test = patch.test
    if test is not None:
        moved = alone(base, test.diff, tree)
        test = replace(test, diff=moved) if moved is not None and own is not None else None
    if own is not None:
        return replace(patch, proposal=replace(patch.proposal, diff=own), test=test)
    whole = together(base, patch.proposal.diff, tree)
    added, removed = sizes(whole)
    fix = f"{patch.proposal.fix} It builds on the patch of what lies in front, which is part of this one."
    return replace(patch, proposal=replace(patch.proposal, diff=whole, fix=fix), added=added, removed=removed, test=None)
