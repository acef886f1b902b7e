"""From confirmed candidates to proofs, findings and bundles."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from mithridate.hunt.engines.libfuzzer import LibFuzzer
from mithridate.model.entry import EntryPoint
from mithridate.model.finding import Finding, FindingStatus, Flaky, Proof, ShadowPatch
from mithridate.model.lines import moved_back
from mithridate.model.project import Component, Flavour, Project
from mithridate.model.run import Note, StageStarted
from mithridate.prove.bundle import write_bundle
from mithridate.prove.keys import load_or_create
from mithridate.prove.manifest import Provenance
from mithridate.prove.prove import ProveOptions, Prover
from mithridate.prove.prove_documents import Claim
from mithridate.prove.source_archive import pack
from mithridate.prove.triage import findings
from mithridate.stages.construct import language_of
from mithridate.stages.documents import prover
from mithridate.stages.judging import Confirmed
from mithridate.stages.session import Session

PROOFS = "proofs"
_SHARE = 0.35
_FLOOR_S = 60.0
_MINIMISE_S = (6.0, 20.0)
_CONTROL_S = (6.0, 15.0)
_BENIGN = 4
_BENIGN_BYTES = 256 << 10
_WRITERS = 8
"""Bundles that are written at once: each waits until the disk has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What became of one confirmed candidate: a proof, or a flaky candidate after all."""

    proof: Proof | None
    flaky: Flaky | None


def prove(session: Session, entry: EntryPoint, confirmed: Confirmed, of: int, shadow: ShadowPatch | None) -> Evidence:
    """Make one confirmed candidate small, contrast it, measure control. `of` is how many candidates share the time.

    `shadow` is the patch in the build that the entry point belongs to.
    """
    blobs = session.stores.blobs
    each = max(_FLOOR_S, _SHARE * session.options.budget_s) / max(1, of)
    options = ProveOptions(
        replays=session.options.replays,
        minimise_s=min(max(each * 0.5, _MINIMISE_S[0]), _MINIMISE_S[1]),
        control_s=min(max(each * 0.4, _CONTROL_S[0]), _CONTROL_S[1]),
    )
    engine = LibFuzzer()
    prover = Prover(
        session.replayer, blobs.put, options, lambda e, given, seconds: engine.minimise(e, given, seconds, session.sandbox)
    )
    benign = [data for data in (blobs.get(d) for d in entry.seeds[: 2 * _BENIGN]) if len(data) <= _BENIGN_BYTES]
    data = blobs.get(confirmed.candidate.blob)
    outcome = prover.pursue(entry, confirmed.candidate, data, confirmed.violation, benign[:_BENIGN], fired_always=True)
    session.park_if_cancelled()
    if isinstance(outcome, Flaky):
        return Evidence(proof=None, flaky=outcome)
    if shadow is not None:
        outcome = replace(outcome, violation=moved_back(outcome.violation, shadow.diff), shadow=shadow)
    return Evidence(proof=outcome, flaky=None)


def prove_documents(session: Session, doors: Sequence[tuple[EntryPoint, Sequence[Confirmed]]]) -> tuple[Evidence, ...]:
    """Prove what fired behind each of some doors, side by side: a door that is between two batches leaves the cores to others."""
    blobs = session.stores.blobs

    def one(door: tuple[EntryPoint, Sequence[Confirmed]]) -> list[Evidence]:
        entry, confirmed = door
        claims = [Claim(candidate=c.candidate, data=blobs.get(c.candidate.blob), violation=c.violation) for c in confirmed]
        made = prover(session).prove_all(entry, claims)
        return [Evidence(proof=None, flaky=m) if isinstance(m, Flaky) else Evidence(proof=m, flaky=None) for m in made]

    with ThreadPoolExecutor(max(1, len(doors))) as pool:
        made = list(pool.map(one, doors))
    session.park_if_cancelled()
    return tuple(evidence for door in made for evidence in door)


def conclude(
    session: Session,
    project: Project,
    components: Sequence[Component],
    entries: Sequence[EntryPoint],
    proofs: Sequence[Proof],
) -> tuple[Finding, ...]:
    """Group proofs by root cause, name and weigh each, and write the bundles below the run's own directory."""
    by_id = {entry.id: entry for entry in entries}
    found = findings(proofs, by_id)
    directory = session.area / PROOFS
    directory.mkdir(exist_ok=True)
    source = pack(project.tree) if found and session.options.include_source else None
    if found and session.options.include_source and source is None:
        session.tell(Note(text="the source is too large for the bundles; `mithridate prove` will need --source"))
    key = load_or_create(session.stores.home.root)
    whole = {component.id: component for component in components}
    through = {proof.entry_id: by_id[proof.entry_id] for proof in proofs}
    provenances = {name: _provenance(session, project, whole[entry.component], entry) for name, entry in through.items()}

    def bundled(of: tuple[str, int, Proof]) -> Proof:
        finding, number, proof = of
        data = session.stores.blobs.get(proof.blob)
        controls = {c.name: session.stores.blobs.get(c.blob) for c in proof.controls}
        entry, provenance = by_id[proof.entry_id], provenances[proof.entry_id]
        named = write_bundle(directory, finding, number, proof, entry, provenance, data, controls, source, key)
        return replace(named, bundle=f"{PROOFS}/{named.bundle}")

    numbered = [(finding.id, number, proof) for finding in found for number, proof in enumerate(finding.proofs, 1)]
    with ThreadPoolExecutor(_WRITERS) as pool:
        written = pool.map(bundled, numbered)
        made = [replace(finding, proofs=tuple(islice(written, len(finding.proofs)))) for finding in found]
    facts = sum(finding.status is FindingStatus.OBSERVED for finding in made)
    session.gate.record("findings", proved=len(made) - facts, observed=facts)
    return tuple(made)


def _provenance(session: Session, project: Project, component: Component, entry: EntryPoint) -> Provenance:
    language = language_of(session, component.language)
    armed = session.judge.arm(entry)
    limits: Mapping[str, float] = {
        "wall_s": session.replayer.limits.wall_s,
        "cpu_s": session.options.hang_cpu_s,
        "memory_bytes": float(session.options.memory_bytes),
    }
    return Provenance(
        project=project.name,
        snapshot=project.snapshot,
        component=component,
        compile_flags=language.flags(Flavour.PLAIN),
        link_flags=armed.link_flags,
        environment=armed.env,
        toolchain=language.toolchain(),
        limits=limits,
        scope=session.record.scope,
    )


def announce(session: Session, stage: str, detail: str = "") -> None:
    """Tell whoever watches that a stage began."""
    session.tell(StageStarted(stage=stage, detail=detail))


def read_excerpt(tree: Path, file: str, line: int, around: int = 8) -> dict[int, str]:
    """The lines around `line` of a project file, by number; empty when there is no such file."""
    path = tree / file
    if not path.is_file() or not path.resolve().is_relative_to(tree.resolve()):
        return {}
    lines = path.read_bytes().split(b"\n")
    first, last = max(1, line - around), min(len(lines), line + around)
    return {n: lines[n - 1].decode("utf-8", "replace")[:400] for n in range(first, last + 1)}
