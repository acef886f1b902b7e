"""What a person does with a validated patch: approve it, or have it put on a branch of the project's repository."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mithridate.model.errors import UsageError
from mithridate.model.patch import HOLDS, Patch, PatchStatus
from mithridate.model.run import RunReport
from mithridate.policy.audit import AuditLog
from mithridate.policy.gate import Gate
from mithridate.policy.scope import parse
from mithridate.report.mailbox import message
from mithridate.report.visible import visible
from mithridate.stages.conclude import holding
from mithridate.stages.session import Stores
from mithridate.store.runs import RunState

_HASH = 6
"""Characters of a hash that name a patch; less is a number."""


def approve(run_id: str, finding_id: str, stores: Stores, who: str, which: str = "") -> RunReport:
    """Mark a validated patch of a finding as approved by `who`, and put it first. UsageError when there is none, or when several
    passed every step and `which` names none of them: by its number among those that passed the gate, from 1, or by its hash.
    """
    run_id = run_id or stores.runs.latest(RunState.DONE)
    with stores.runs.exclusively(run_id):
        record, report = stores.runs.load(run_id), stores.runs.report(run_id)
        known = report.patches.get(finding_id, ())
        held = [patch for patch in known if patch.status in HOLDS]
        if not held:
            raise UsageError(
                f"{finding_id or 'no finding'} of run {run_id} has no validated patch to approve", f"mithridate patch {run_id}"
            )
        patch = _named(held, which)
        approved = replace(patch, status=PatchStatus.APPROVED)
        report = replace(report, patches={**report.patches, finding_id: (approved, *(p for p in known if p is not patch))})
        Gate(parse(record.scope, Path(f"scope of run {run_id}")), AuditLog(stores.home.root), run=run_id).record(
            "patch.approved", finding=finding_id, who=who, proposer=patch.proposal.proposer, sha256=patch.proposal.sha256
        )
        stores.runs.save_report(run_id, report)
    return report


def _named(held: Sequence[Patch], which: str) -> Patch:
    """The patch that is meant. What the gate stopped for its size alone has to be named to be meant."""
    if not which:
        found = [patch for patch in held if patch.stopped_by is None] or list(held)
    elif len(which) < _HASH:
        found = [patch for number, patch in enumerate(held, 1) if which == str(number)]
    else:
        found = [patch for patch in held if patch.proposal.sha256.startswith(which.lower())]
    if len(found) == 1:
        return found[0]
    listed = "\n".join(
        f"--patch {number}: {patch.proposal.sha256[:12]} by {visible(patch.proposal.proposer)}, {patch.status}, "
        f"{patch.added} lines added, {patch.removed} removed"
        for number, patch in enumerate(held, 1)
    )
    wrong = f"no patch that passed the gate is {which!r}" if which else f"{len(found)} patches passed every step"
    raise UsageError(f"{wrong}: name the one that you have read", hint=listed)


def on_a_branch(report: RunReport, wanted: str = "") -> str:
    """One commit a validated patch on the new branch mithridate/RUN of the project's repository, from where it stands now.

    Neither the working tree nor the index is touched. UsageError when the project is no git repository, when nothing was
    validated, or when a patch no longer applies (then there is no branch).
    """
    chosen = holding(report, wanted)
    if not chosen:
        raise UsageError("there is no validated patch to apply")
    tree = Path(report.options.target)
    top = _git(tree, "rev-parse", "--show-toplevel").strip()
    inside = os.path.relpath(tree.resolve(), Path(top).resolve())
    branch = f"mithridate/{report.run}"
    head = _git(tree, "rev-parse", "HEAD^{commit}").strip()
    with tempfile.TemporaryDirectory(prefix="mithridate-index-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        _git(tree, "read-tree", head, env=index)
        for finding, patch in chosen:
            data = patch.commit.encode("utf-8", "surrogateescape")
            _git(
                tree,
                "apply",
                "--cached",
                "--whitespace=nowarn",
                *(["--directory", inside] if inside != "." else []),
                "-",
                env=index,
                data=data,
            )
            written = _git(tree, "write-tree", env=index).strip()
            head = _git(
                tree,
                "commit-tree",
                written,
                "-p",
                head,
                "-F",
                "-",
                data=message(report, finding, patch).encode(),
                env=_identity(tree),
            ).strip()
    _git(tree, "branch", branch, head)
    return branch


def _identity(tree: Path) -> dict[str, str]:
    """A name for the commits where the repository's owner has set none."""
    named: dict[str, str] = {}
    for key, fallback in (("name", "Mithridate"), ("email", "mithridate@localhost")):
        known = subprocess.run(["git", "-C", tree, "config", f"user.{key}"], capture_output=True, check=False).stdout.strip()
        if not known:
            named |= {f"GIT_AUTHOR_{key.upper()}": fallback, f"GIT_COMMITTER_{key.upper()}": fallback}
    return named


def _git(tree: Path, *arguments: str, env: dict[str, str] | None = None, data: bytes = b"") -> str:
    """Run git in the project's repository, without its hooks, pagers or configured programs."""
    safe = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "commit.gpgSign=false")
    command: Sequence[str | Path] = ["git", "-C", tree, *safe, *arguments]
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False, env={**os.environ, **(env or {})})
    except FileNotFoundError as error:
        raise UsageError("git is not installed", hint="sudo apt install git") from error
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"git {arguments[0]} failed in {tree}: {why[-1] if why else 'without a reason'}")
    return done.stdout.decode("utf-8", "surrogateescape")
