"""results.sarif: findings in the Static Analysis Results Interchange Format (OASIS, SARIF 2.1.0), for code hosts and dashboards.

Paths are relative to the project (SRCROOT), to its build (BUILDROOT) or to the directory of this file (OUTROOT); what those
are on a machine is for the consumer to say. Frames of the system have no physical location: their files are not the owner's.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from mithridate import __version__
from mithridate.model import diff
from mithridate.model.finding import Finding, FindingStatus, Proof
from mithridate.model.patch import PatchStatus
from mithridate.model.run import RunReport
from mithridate.model.violation import Frame, Violation
from mithridate.report import markdown, words
from mithridate.report.places import Origin, bundle_path, lines_of, place_of
from mithridate.report.shown_input import ShownInput, shown_input
from mithridate.report.visible import shorten, visible
from mithridate.report.weaknesses import advice

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_BASES = {Origin.PROJECT: "SRCROOT", Origin.BUILD: "BUILDROOT"}
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "none": "note"}
_LONGEST_TEXT = 2000
_LONGEST_BLOCK = 20_000
_LINK_LIKE = re.compile(r"[\\\[\]]")


class SarifWriter:
    """Writes results.sarif."""

    name: str = "sarif"
    filename: str = "results.sarif"

    def render(self, report: RunReport) -> str:
        """The log, in pure ASCII."""
        return json.dumps(document(report), indent=2, allow_nan=False) + "\n"


def document(report: RunReport) -> dict[str, Json]:
    """The run as a SARIF log with one run."""
    findings = words.by_severity(report)
    rules = sorted({f.cwe for f in findings})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Mithridate",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "shortDescription": {"text": "Vulnerability research in which every finding is a replayable proof."},
                        "supportedTaxonomies": [{"name": "CWE", "index": 0}],
                        "rules": [_rule([f for f in findings if f.cwe == cwe]) for cwe in rules],
                    }
                },
                "taxonomies": [_taxonomy(findings)],
                "automationDetails": {
                    "id": f"mithridate/{quote(_bytes(report.project_name), safe='')}/{quote(_bytes(report.run), safe='')}"
                },
                "invocations": [_invocation(report)],
                "originalUriBaseIds": {
                    "SRCROOT": {"description": {"text": "The root of the analysed project."}},
                    "BUILDROOT": {"description": {"text": "The directory that the project was built in, for generated code."}},
                    "OUTROOT": {"description": {"text": "The directory that holds this file."}},
                },
                "columnKind": "utf16CodeUnits",
                "results": [_result(report, f, rules.index(f.cwe)) for f in findings],
            }
        ],
    }


def _rule(findings: Sequence[Finding]) -> Json:
    first, told = findings[0], advice(findings[0].cwe)
    gravest = max(f.severity.cvss for f in findings)
    return {
        "id": f"CWE-{first.cwe}",
        "name": "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", first.cwe_name)) or f"Cwe{first.cwe}",
        "shortDescription": _text(first.cwe_name),
        "fullDescription": _text(told.what),
        "help": {"text": f"{told.what} {told.remedy}", "markdown": f"{told.what}\n\n**Where to start:** {told.remedy}"},
        "helpUri": f"https://cwe.mitre.org/data/definitions/{first.cwe}.html",
        "defaultConfiguration": {"level": _level(findings)},
        "properties": {
            "tags": ["security", f"external/cwe/cwe-{first.cwe}"],
            "precision": "very-high",
            "security-severity": f"{gravest:.1f}",
        },
        "relationships": [
            {"target": {"id": str(first.cwe), "toolComponent": {"name": "CWE", "index": 0}}, "kinds": ["relevant"]},
        ],
    }


def _taxonomy(findings: Iterable[Finding]) -> Json:
    names = {f.cwe: f.cwe_name for f in findings}
    return {
        "name": "CWE",
        "organization": "MITRE",
        "shortDescription": {"text": "Common Weakness Enumeration"},
        "informationUri": "https://cwe.mitre.org/",
        "isComprehensive": False,
        "taxa": [{"id": str(cwe), "shortDescription": _text(names[cwe])} for cwe in sorted(names)],
    }


def _invocation(report: RunReport) -> Json:
    made: dict[str, Json] = {
        "executionSuccessful": True,
        "toolExecutionNotifications": [
            {"level": "warning", "message": _text(f"Not examined: {s.what}: {s.reason}")} for s in report.skipped
        ],
    }
    started = _utc(report.started)
    return {**made, "startTimeUtc": started} if started else made


def _result(report: RunReport, finding: Finding, rule: int) -> Json:
    lead = finding.proofs[0]
    violation = lead.violation
    rating = words.rating(finding.severity.cvss)
    shown = shown_input(report, lead)
    return {
        "ruleId": f"CWE-{finding.cwe}",
        "ruleIndex": rule,
        "kind": "fail",
        "level": _level([finding]),
        "rank": finding.severity.cvss * 10,
        "message": _message(finding, shown),
        "locations": [_primary(report, finding)],
        "codeFlows": _code_flows(violation),
        "stacks": [_stack("At the violation", violation.frames)] if violation.frames else [],
        "relatedLocations": _related(violation),
        "taxa": [{"id": str(finding.cwe), "toolComponent": {"name": "CWE", "index": 0}}],
        "partialFingerprints": {"mithridateRootCause/v1": _fingerprint(finding)},
        "attachments": _attachments(report, finding.proofs),
        **_fixes(report, finding),
        "properties": {
            "id": _clean(finding.id),
            "status": finding.status.value,
            "cvss": finding.severity.cvss,
            "cvssVector": finding.severity.vector,
            "security-severity": f"{finding.severity.cvss:.1f}",
            "rating": rating,
            "controlTier": int(finding.control.tier),
            "controlEvidence": [_clean(e) for e in finding.control.evidence],
            "entryPoint": _clean(lead.entry_id),
            "behind": [_clean(one) for one in finding.behind],
            "alsoSilenced": [_clean(symptom.title) for symptom in finding.symptoms],
            "replays": lead.replays,
            "fired": lead.fired,
            "proofBundle": _clean(bundle_path(report, lead)),
            **({"request": _block(shown.text), "test": _block(shown.test)} if shown else {}),
        },
    }


def _fixes(report: RunReport, finding: Finding) -> dict[str, Json]:
    """Validated patches as replacements of lines (section 3.55): at most the best, as it may be applied by a click."""
    best = next(iter(report.patches.get(finding.id, ())), None)
    if best is None or best.status not in (PatchStatus.VALIDATED, PatchStatus.APPROVED):
        return {}
    changes: list[Json] = []
    for file in diff.read(best.proposal.diff):
        if file.creates or file.deletes:
            return {}  # there is no region to replace
        replacements: list[Json] = [
            {
                "deletedRegion": {"startLine": start, "startColumn": 1, "endLine": start + count, "endColumn": 1},
                "insertedContent": {"text": _block("".join(f"{line}\n" for line in lines))},
            }
            for start, count, lines in file.changes
        ]
        where: Json = {"uri": relative_uri(file.path), "uriBaseId": _BASES[Origin.PROJECT]}
        changes.append({"artifactLocation": where, "replacements": replacements})
    return {"fixes": [{"description": _text(best.proposal.fix), "artifactChanges": changes}]}


def _level(findings: Sequence[Finding]) -> str:
    """That of the gravest proved one; observed facts are notes, whatever they score."""
    proved = [f.severity.cvss for f in findings if f.status is FindingStatus.PROVED]
    return _LEVELS[words.rating(max(proved))] if proved else "note"


def _message(finding: Finding, shown: ShownInput | None) -> Json:
    """Plain text for every viewer; where the input can be read, also Markdown that shows it."""
    made = _text(f"{finding.title}. {finding.explanation}")
    if shown is None:
        return made
    told = [markdown.prose(f"{finding.title}. {finding.explanation}"), "", f"**{shown.title}**", ""]
    legend = ["", markdown.prose(shown.legend)] if shown.legend else []
    return {
        **made,
        "markdown": "\n".join(
            [*told, *markdown.fenced(shorten(shown.text, _LONGEST_BLOCK).split("\n"), keep_empty=True), *legend]
        ),
    }


def _block(text: str) -> str:
    """Lines of text, each fit to be seen."""
    return visible(shorten(text, _LONGEST_BLOCK), keep="\n\t")


def _primary(report: RunReport, finding: Finding) -> Json:
    snippet = lines_of(report.sources, finding.file).get(finding.line)
    made: dict[str, Json] = {}
    physical = _physical(finding.file, finding.line, 0)
    if physical is not None:
        region = physical.get("region")
        if snippet is not None and isinstance(region, dict):
            region["snippet"] = {"text": shorten(visible(snippet, keep="\t"), _LONGEST_TEXT)}
        made["physicalLocation"] = physical
    if finding.function:
        made["logicalLocations"] = [_logical(finding.function)]
    return made


def _code_flows(violation: Violation) -> list[Json]:
    """The way from the program's start to the violation: the stack from its outermost frame to its innermost."""
    if not violation.frames:
        return []
    place = violation.place
    steps: list[Json] = []
    for depth, frame in enumerate(reversed(violation.frames)):
        importance = "essential" if frame is place else ("important" if frame.in_project else "unimportant")
        verb = f"{violation.kind.value} here" if frame is place else ("in" if frame.in_project else "in the system")
        steps.append(
            {
                "location": _location(frame, f"{verb}: {frame.function}"),
                "nestingLevel": depth,
                "executionOrder": depth + 1,
                "importance": importance,
            }
        )
    return [{"message": {"text": "From the entry to the violation"}, "threadFlows": [{"locations": steps}]}]


def _related(violation: Violation) -> list[Json]:
    """Where the object was made and released, in the project's own code where that is known."""
    sites = (("allocated", violation.allocation), ("released", violation.deallocation))
    told: list[Json] = []
    for verb, frames in sites:
        own = next((f for f in frames if f.in_project), None)
        if own is not None:
            told.append({"id": len(told) + 1, **_location(own, f"The object was {verb} in {own.function}")})
    return told


def _stack(title: str, frames: Iterable[Frame]) -> Json:
    return {"message": {"text": title}, "frames": [{"location": _location(f, f.function)} for f in frames]}


def _location(frame: Frame, message: str) -> dict[str, Json]:
    made: dict[str, Json] = {"message": _text(message)}
    physical = _physical(frame.file, frame.line, frame.column)
    if physical is not None:
        made["physicalLocation"] = physical
    if frame.function:
        made["logicalLocations"] = [_logical(frame.function)]
    return made


def _physical(file: str, line: int, column: int) -> dict[str, Json] | None:
    place = place_of(file)
    if place.origin is Origin.SYSTEM:
        return None
    made: dict[str, Json] = {"artifactLocation": {"uri": relative_uri(place.path), "uriBaseId": _BASES[place.origin]}}
    if line > 0:
        made["region"] = {"startLine": line, "startColumn": column} if column > 0 else {"startLine": line}
    return made


def _logical(function: str) -> Json:
    name = _clean(function)
    return {"name": name, "fullyQualifiedName": name, "kind": "function"}


def _attachments(report: RunReport, proofs: Iterable[Proof]) -> list[Json]:
    bundles = dict.fromkeys(bundle_path(report, p) for p in proofs if p.bundle)
    return [
        {
            "description": {"text": "Proof bundle; replay it with: mithridate prove"},
            "artifactLocation": {"uri": relative_uri(bundle), "uriBaseId": "OUTROOT"},
        }
        for bundle in bundles
    ]


def _fingerprint(finding: Finding) -> str:
    """Stays the same when lines move: the signatures know functions, not line numbers."""
    signatures = sorted({p.signature for p in finding.proofs})
    return hashlib.sha256("\0".join([str(finding.cwe), *signatures]).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def relative_uri(path: str) -> str:
    """The path as a relative URI reference (RFC 3986): percent-encoded bytes, no segment that reads as a scheme."""
    return quote(_bytes(path), safe="/")


def _bytes(text: str) -> bytes:
    """The bytes that a name had on disk; a lone surrogate that no byte explains is kept as three bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _text(text: str) -> dict[str, Json]:
    """A plain-text message. Brackets are escaped: SARIF reads `[text](target)` as a link in plain text too (section 3.11.6)."""
    return {"text": _LINK_LIKE.sub(lambda m: "\\" + m.group(), _clean(text)) or "(none)"}


def _clean(text: str) -> str:
    return visible(shorten(text, _LONGEST_TEXT))


def _utc(started: str) -> str:
    try:
        parsed = datetime.fromisoformat(started)
    except ValueError:
        return ""
    return parsed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if parsed.tzinfo else ""
