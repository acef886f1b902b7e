"""What a person does with a validated patch: approve it, or have it put on a branch of the project's repository."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mithridate.model.errors import UsageError
from mithridate.model.patch import PatchStatus
from mithridate.model.run import RunReport
from mithridate.policy.audit import AuditLog
from mithridate.policy.gate import Gate
from mithridate.policy.scope import parse
from mithridate.report.mailbox import message
from mithridate.stages.conclude import holding
from mithridate.stages.session import Stores
from mithridate.store.runs import RunState


def approve(run_id: str, finding_id: str, stores: Stores, who: str) -> RunReport:
    """Mark the validated patch of a finding as approved by `who`. UsageError when there is none."""
    run_id = run_id or stores.runs.latest(RunState.DONE)
    with stores.runs.exclusively(run_id):
        record, report = stores.runs.load(run_id), stores.runs.report(run_id)
        found = holding(report, finding_id)
        if not finding_id or not found:
            raise UsageError(
                f"{finding_id or 'no finding'} of run {run_id} has no validated patch to approve", f"mithridate patch {run_id}"
            )
        ((finding, patch),) = found
        others = report.patches[finding.id][1:]
        approved = replace(patch, status=PatchStatus.APPROVED)
        report = replace(report, patches={**report.patches, finding.id: (approved, *others)})
        Gate(parse(record.scope, Path(f"scope of run {run_id}")), AuditLog(stores.home.root), run=run_id).record(
            "patch.approved", finding=finding.id, who=who, proposer=patch.proposal.proposer
        )
        stores.runs.save_report(run_id, report)
    return report


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
