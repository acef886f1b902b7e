"""The report of a run, and the files that a person asked for."""

import json
import re
import resource
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from mithridate.model.document import LARGEST_BYTES
from mithridate.model.entry import EntryPoint, ObservedDoor
from mithridate.model.errors import UsageError
from mithridate.model.finding import Finding, Flaky
from mithridate.model.lead import Lead
from mithridate.model.patch import HOLDS, Patch
from mithridate.model.project import Flavour, Project, Skipped
from mithridate.model.run import Cost, ModelUse, RunReport
from mithridate.prove.wording import project_path
from mithridate.report.json_v1 import JsonWriter
from mithridate.report.mailbox import series
from mithridate.report.registry import writers
from mithridate.stages import drafts
from mithridate.stages.evidence import PROOFS, read_excerpt
from mithridate.stages.minds import used
from mithridate.stages.search import Hunt
from mithridate.stages.session import Session

SCRATCH = "tmp"
"""The folder of a run's area for temporary files."""

_HEX_BYTES = 4096
_FRAMES_WITH_SOURCE = 4
_OF_ONE_REASON = 20
_BUNDLE = re.compile(rf"{PROOFS}/[A-Za-z0-9-]+\.proof")
PATCHES = "patches"
SHADOWS = "shadow"
"""The folder of a run's area for trees and builds with shadow patches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What models said that stands in the report: leads with their verdicts, prose by the finding's id."""

    leads: tuple[Lead, ...] = ()
    prose: Mapping[str, str] = field(default_factory=dict)


def report(
    session: Session,
    project: Project,
    hunt: Hunt,
    findings: tuple[Finding, ...],
    flaky: tuple[Flaky, ...],
    skipped: Sequence[Skipped],
    patches: Mapping[str, tuple[Patch, ...]],
    said: Said,
) -> RunReport:
    """Everything that writers need, gathered once."""
    proofs = [p for f in findings for p in f.proofs]
    blobs = [*(p.blob for p in proofs), *(f.blob for f in flaky)]
    observed = {entry.id for entry in hunt.entries if entry.observed}
    documents = {p.blob for p in proofs if p.entry_id in observed}
    models = used(session.stores.home, session.record.id, session.scope) if session.minds is not None else ()
    toolchain: dict[str, str] = {}
    for language in session.languages:
        toolchain |= language.toolchain()
    return RunReport(
        run=session.record.id,
        started=session.record.started.isoformat(timespec="seconds"),
        project_name=project.name,
        project_origin=project.origin,
        snapshot=project.snapshot,
        files=project.files,
        size_bytes=project.size_bytes,
        toolchain=toolchain,
        options=session.options,
        findings=findings,
        flaky=flaky,
        entry_points=hunt.reports(),
        skipped=tuple(_distinct([*skipped, *hunt.unsearched()])),
        cost=_cost(session, models),
        scope_owner=session.scope.owner,
        sources=_sources(project, findings) if session.options.include_source else {},
        inputs={blob: session.stores.blobs.get(blob)[: LARGEST_BYTES if blob in documents else _HEX_BYTES] for blob in blobs},
        doors={entry.id: door for entry in hunt.entries if entry.observed and (door := read_door(entry)) is not None},
        patches=dict(patches),
        leads=said.leads,
        models=models,
        prose=dict(said.prose),
    )


def with_models(report: RunReport, models: tuple[ModelUse, ...]) -> RunReport:
    """The report with what models cost by now."""
    tokens = sum(use.input_tokens + use.output_tokens for use in models)
    eur = round(sum(use.eur for use in models), 6)
    return replace(report, models=models, cost=replace(report.cost, model_tokens=tokens, model_eur=eur))


def read_door(entry: EntryPoint) -> ObservedDoor | None:
    """What opens an entry point with an observer, from its DOOR.json (docs/input-document.md); None when none can be read."""
    binary = entry.binary(Flavour.PLAIN)
    try:
        given = json.loads((binary.directory / binary.path.lstrip("/")).read_bytes()) if binary else None
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    environment = given.get("environment")
    named = environment.items() if isinstance(environment, dict) else ()
    return ObservedDoor(
        kind=str(given.get("kind", "")),
        target=str(given.get("import", "")),
        environment=tuple(sorted((str(name), str(value)) for name, value in named)),
    )


def require_writable(out: Path) -> None:
    """Make the directories for results. UsageError when nothing can be written there."""
    drafts.require_writable(out, out / PROOFS)


def write(done: RunReport, area: Path, out: Path) -> None:
    """Write all formats and the proofs below `out`; each file appears whole or not at all. UsageError when that is not possible.

    The proofs that an earlier run wrote there go: they are not those of the new results.
    """
    bundles = [proof.bundle for finding in done.findings for proof in finding.proofs]
    try:
        (out / PROOFS).mkdir(parents=True, exist_ok=True)
        old = _bundles_listed(out / JsonWriter.filename)
        for directory in (out, out / PROOFS):
            drafts.tidy(directory)
        for bundle in bundles:
            drafts.replace(out / bundle, partial(shutil.copyfile, area / bundle))
        for writer in writers().values():
            rendered = writer.render(done).encode("utf-8", "backslashreplace")
            drafts.replace(out / writer.filename, partial(drafts.write, rendered))
        _write_patches(done, out / PATCHES)
        for bundle in old.difference(bundles):
            (out / bundle).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"the results could not be written to {out}: {error.strerror}",
            hint=f"mithridate report {done.run} --out ANOTHER-DIRECTORY",
        ) from error


def _write_patches(done: RunReport, folder: Path) -> None:
    """The validated patches as a series for `git am`; those that an earlier run left there go."""
    mails = dict(series(done, holding(done)))
    if mails:
        folder.mkdir(exist_ok=True)
        drafts.tidy(folder)
    for old in folder.glob("[0-9][0-9][0-9][0-9]-*.patch") if folder.is_dir() else ():
        if old.name not in mails:
            old.unlink()
    for name, mail in mails.items():
        drafts.replace(folder / name, partial(drafts.write, mail.encode("utf-8", "surrogateescape")))


def holding(report: RunReport, wanted: str = "") -> list[tuple[Finding, Patch]]:
    """The best patch of each finding (or of one) that passed the gate."""
    chosen = [f for f in report.findings if not wanted or f.id == wanted]
    found = [(finding, next(iter(report.patches.get(finding.id, ())), None)) for finding in chosen]
    return [(finding, patch) for finding, patch in found if patch is not None and patch.status in HOLDS]


def _bundles_listed(results: Path) -> set[str]:
    """The bundles that an earlier results.json names, as paths below its directory; nothing it says leads anywhere else."""
    try:
        found = json.loads(results.read_bytes())
        named = {str(proof["bundle"]) for finding in found["findings"] for proof in finding["proofs"]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return set()
    return {name for name in named if _BUNDLE.fullmatch(name)}


def discard(area: Path) -> None:
    """Remove what a finished run no longer needs: working corpora, queues, scratch (the store has what is worth keeping)."""
    for name in ("hunt", "kept", "doors", SHADOWS, SCRATCH):
        shutil.rmtree(area / name, ignore_errors=True)


def _cost(session: Session, models: Sequence[ModelUse]) -> Cost:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours = own.ru_utime + own.ru_stime
    return Cost(
        cpu_s=ours + children.ru_utime + children.ru_stime,
        wall_s=session.elapsed_s(),
        orchestration_cpu_s=ours,
        model_tokens=sum(use.input_tokens + use.output_tokens for use in models),
        model_eur=round(sum(use.eur for use in models), 6),
    )


def _sources(project: Project, findings: Iterable[Finding]) -> dict[str, dict[int, str]]:
    wanted: dict[str, set[int]] = {}
    for finding in findings:
        wanted.setdefault(finding.file, set()).add(finding.line)
        for proof in finding.proofs:
            for frame in proof.violation.project_frames[:_FRAMES_WITH_SOURCE]:
                wanted.setdefault(project_path(frame.file), set()).add(frame.line)
    sources: dict[str, dict[int, str]] = {}
    for file, lines in wanted.items():
        for line in sorted(lines):
            excerpt = read_excerpt(project.tree, file, line) if file and line else {}
            if excerpt:
                sources.setdefault(file, {}).update(excerpt)
    return {file: dict(sorted(lines.items())) for file, lines in sources.items()}


def _distinct(skipped: Iterable[Skipped]) -> list[Skipped]:
    """Each once; where one reason fits very many things, the first few and a count."""
    by_reason: dict[str, list[Skipped]] = {}
    for item in dict.fromkeys(skipped):
        by_reason.setdefault(item.reason, []).append(item)
    shown: list[Skipped] = []
    for items in by_reason.values():
        shown += items[:_OF_ONE_REASON]
        if len(items) > _OF_ONE_REASON:
            shown.append(replace(items[0], what=f"and {len(items) - _OF_ONE_REASON} more"))
    return shown
