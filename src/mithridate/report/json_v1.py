"""results.json, version 1: a public interface, described by docs/schema/results-v1.schema.json.

Every field is mapped by hand, so that renaming something inside never changes what others read.
"""

import json
from collections.abc import Sequence

from mithridate import __version__
from mithridate.model.finding import Control, Finding, Flaky, NegativeControl, Proof, Symptom
from mithridate.model.lead import Lead
from mithridate.model.patch import Outcome, Patch, RegressionTest
from mithridate.model.run import EngineTally, EntryReport, ModelUse, RunReport
from mithridate.model.violation import Frame, Region, Violation
from mithridate.report import words
from mithridate.report.places import bundle_path, frame_place, place_of
from mithridate.report.shown_input import shown_input
from mithridate.report.visible import encodable

VERSION = 1

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


class JsonWriter:
    """Writes results.json."""

    name: str = "json"
    filename: str = "results.json"

    def render(self, report: RunReport) -> str:
        """The document, in pure ASCII so that no terminal acts on what a project hid in its names."""
        return as_text(document(report))


def as_text(made: Json) -> str:
    """JSON in pure ASCII."""
    return json.dumps(_encodable(made), indent=2, allow_nan=False) + "\n"


def document(report: RunReport) -> dict[str, Json]:
    """The run as the JSON document of version 1."""
    return {
        "version": VERSION,
        "run": report.run,
        "started": report.started,
        "tool": {"name": "mithridate", "version": __version__},
        "project": {
            "name": report.project_name,
            "origin": report.project_origin,
            "snapshot": report.snapshot,
            "files": report.files,
            "size_bytes": report.size_bytes,
            "scope_owner": report.scope_owner or None,
        },
        "toolchain": {name: report.toolchain[name] for name in sorted(report.toolchain)},
        "options": _options(report),
        "findings": [_finding(report, f) for f in words.by_severity(report)],
        "leads": [_lead(lead) for lead in report.leads],
        "flaky": [_flaky(f) for f in report.flaky],
        "entry_points": [_entry(e) for e in report.entry_points],
        "skipped": [{"what": s.what, "reason": s.reason} for s in report.skipped],
        "cost": {
            "cpu_s": round(report.cost.cpu_s, 3),
            "wall_s": round(report.cost.wall_s, 3),
            "orchestration_cpu_s": round(report.cost.orchestration_cpu_s, 3),
            "model_tokens": report.cost.model_tokens,
            "model_eur": round(report.cost.model_eur, 6),
            "models": [_use(use) for use in report.models],
            "techniques": [_technique(one) for one in words.techniques(report)],
        },
    }


def _options(report: RunReport) -> Json:
    asked = report.options
    return {
        "budget_s": asked.budget_s,
        "jobs": asked.jobs,
        "replays": asked.replays,
        "sandbox": asked.sandbox,
        "engines": list(asked.engines),
        "seed": asked.seed,
        "memory_bytes": asked.memory_bytes,
        "unit_timeout_s": asked.unit_timeout_s,
        "hang_cpu_s": asked.hang_cpu_s,
    }


def _finding(report: RunReport, finding: Finding) -> Json:
    lead = finding.proofs[0]
    return {
        "id": finding.id,
        "title": finding.title,
        "cwe": finding.cwe,
        "cwe_name": finding.cwe_name,
        "status": finding.status.value,
        "explanation": finding.explanation,
        "prose": report.prose.get(finding.id),
        "severity": {
            "cvss": finding.severity.cvss,
            "vector": finding.severity.vector,
            "rating": words.rating(finding.severity.cvss),
            "why": [{"metric": m.name, "value": m.value, "reason": m.why} for m in finding.severity.metrics],
        },
        "control": _control(finding.control, lead.violation),
        "location": _location(finding.file, finding.line, finding.function),
        "stack": stack_document(lead.violation.frames),
        "allocation": stack_document(lead.violation.allocation),
        "deallocation": stack_document(lead.violation.deallocation),
        "entry_point": lead.entry_id,
        "proofs": [_proof(report, p) for p in finding.proofs],
        "behind": list(finding.behind),
        "symptoms": [_symptom(s) for s in finding.symptoms],
        "patch": patch_document(report.patches.get(finding.id, ())),
    }


def _lead(lead: Lead) -> Json:
    return {
        "id": lead.id,
        "source": lead.source,
        "cwe": lead.cwe,
        "location": _location(lead.file, lead.line, lead.function),
        "claim": lead.claim,
        "verdict": lead.verdict.value,
        "evidence": lead.evidence,
    }


def _use(use: ModelUse) -> Json:
    return {
        "role": use.role,
        "provider": use.provider,
        "outcomes": dict(use.outcomes),
        "input_tokens": use.input_tokens,
        "output_tokens": use.output_tokens,
        "eur": use.eur,
        "seconds": use.seconds,
    }


def _technique(one: words.Technique) -> Json:
    return {
        "name": one.name,
        "findings": one.findings,
        "alone": one.alone,
        "cpu_s": round(one.cpu_s, 3),
        "eur": round(one.eur, 6),
    }


def patch_document(patches: Sequence[Patch]) -> Json:
    """The best of what was proposed, with the gate's record; `others` are the rest, in short."""
    if not patches:
        return None
    best = patches[0]
    return {
        "status": best.status.value,
        "diff": best.proposal.diff,
        "sha256": best.proposal.sha256,
        "gate": [
            {"step": r.step.value, "outcome": r.outcome.value, "evidence": list(r.evidence), "seconds": r.seconds}
            for r in best.gate
        ],
        "proposer": best.proposal.proposer,
        "cause": best.proposal.cause,
        "fix": best.proposal.fix,
        "condition": best.proposal.condition or None,
        "added": best.added,
        "removed": best.removed,
        "test": _regression(best.test),
        "others": [
            {
                "status": patch.status.value,
                "proposer": patch.proposal.proposer,
                "fix": patch.proposal.fix,
                "stopped_by": patch.stopped_by.value if patch.stopped_by else None,
                "why": next((r.evidence[0] for r in patch.gate if r.outcome is Outcome.FAILED and r.evidence), None),
                "diff": patch.proposal.diff,
                "sha256": patch.proposal.sha256,
            }
            for patch in patches[1:]
        ],
    }


def _regression(test: RegressionTest | None) -> Json:
    if test is None:
        return None
    return {"diff": test.diff, "entered": test.entered, "checked": test.checked, "evidence": list(test.evidence)}


def _proof(report: RunReport, proof: Proof) -> Json:
    shown = shown_input(report, proof)
    return {
        "bundle": bundle_path(report, proof) or None,
        "fired": proof.fired,
        "replays": proof.replays,
        "size": proof.size,
        "original_size": proof.original_size,
        "input": proof.blob,
        "signature": proof.signature,
        "entry_point": proof.entry_id,
        "engine": proof.engine,
        "found_s": round(proof.found_s, 3),
        "violation": violation_document(proof.violation),
        "control": _control(proof.control, proof.violation),
        "controls": [_negative(c) for c in proof.controls],
        "shadow_patch": {"behind": list(proof.shadow.behind), "diff": proof.shadow.diff} if proof.shadow else None,
        "request": shown.text if shown else None,
        "test": shown.test or None if shown else None,
    }


def _symptom(symptom: Symptom) -> Json:
    return {
        "id": symptom.id,
        "title": symptom.title,
        "cwe": symptom.cwe,
        "location": _location(symptom.file, symptom.line, symptom.function),
        "signatures": list(symptom.signatures),
    }


def violation_document(violation: Violation) -> Json:
    """What an oracle saw, without its stack."""
    return {
        "kind": violation.kind.value,
        "detector": violation.detector,
        "message": violation.message,
        "access": violation.access.value if violation.access else None,
        "size": violation.size,
        "region": _region(violation.region) if violation.region else None,
    }


def _region(region: Region) -> Json:
    return {
        "kind": region.kind,
        "name": region.name,
        "size": region.size,
        "relation": region.relation.value,
        "distance": region.distance,
    }


def _negative(control: NegativeControl) -> Json:
    return {"name": control.name, "input": control.blob, "size": control.size, "fired": control.fired}


def _control(control: Control, violation: Violation) -> Json:
    return {
        "tier": int(control.tier),
        "meaning": words.tier_words(control, violation)[1],
        "evidence": list(control.evidence),
        "perturbations": control.perturbations,
    }


def _flaky(flaky: Flaky) -> Json:
    at = flaky.violation.place
    return {
        "entry_point": flaky.entry_id,
        "signature": flaky.signature,
        "input": flaky.blob,
        "fired": flaky.fired,
        "replays": flaky.replays,
        "why": flaky.why,
        "location": _location(at.file, at.line, at.function) if at else _location("", 0, ""),
        "violation": violation_document(flaky.violation),
    }


def _location(file: str, line: int, function: str) -> Json:
    return {"file": place_of(file).path or None, "line": line or None, "function": function or None}


def stack_document(frames: Sequence[Frame]) -> list[Json]:
    """A stack, the innermost frame first."""
    return [_frame(f) for f in frames]


def _frame(frame: Frame) -> Json:
    place = frame_place(frame)
    return {
        "function": frame.function,
        "file": place.path or None,
        "line": frame.line or None,
        "column": frame.column or None,
        "origin": place.origin.value,
        "inlined": frame.inlined,
    }


def _entry(entry: EntryReport) -> Json:
    share = words.coverage(entry)
    busiest = max(entry.engines, key=lambda t: (t.executions, t.engine), default=None)
    return {
        "id": entry.id,
        "language": entry.language,
        "kind": entry.kind.value,
        "boundary": entry.boundary.value,
        "engine": busiest.engine if busiest else None,
        "engines": [_tally(t) for t in entry.engines],
        "executions": entry.executions,
        "coverage": {"covered": entry.covered, "edges": entry.edges, "share": None if share is None else round(share, 6)},
        "corpus_units": entry.corpus_units,
        "residual_risk": {
            "discovery_probability": entry.residual.discovery_probability,
            "completeness": entry.residual.completeness,
            "basis": entry.residual.basis,
        },
    }


def _tally(tally: EngineTally) -> Json:
    return {
        "engine": tally.engine,
        "executions": tally.executions,
        "cpu_s": round(tally.cpu_s, 3),
        "candidates": tally.candidates,
        "covered": tally.covered,
    }


def _encodable(value: Json) -> Json:
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        return {encodable(k): _encodable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_encodable(v) for v in value]
    return value
