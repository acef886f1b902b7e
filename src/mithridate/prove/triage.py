"""From proofs to findings: what it is called, how grave it is, and what happened, in words that the record supports."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mithridate.model.entry import EntryKind, EntryPoint
from mithridate.model.finding import Finding, FindingStatus, Proof
from mithridate.model.violation import OBSERVED_FACTS, SINK_VIOLATIONS, Frame, Violation, ViolationKind
from mithridate.prove import sink_wording, wording
from mithridate.prove.dedup import group
from mithridate.prove.severity import severity
from mithridate.prove.weakness import weakness


def findings(proofs: Iterable[Proof], entries: Mapping[str, EntryPoint]) -> tuple[Finding, ...]:
    """One finding a root cause, the gravest first. `entries` holds every entry point that a proof names, by id."""
    made = _placed([finding(members, entries) for members in group(proofs)])
    return tuple(sorted(made, key=lambda f: (-f.severity.cvss, -f.control.tier, f.file, f.line, f.id)))


def _placed(made: Sequence[Finding]) -> list[Finding]:
    """The findings, those told apart that no proof shows on the snapshot: each with the findings that it lies behind."""
    ids = {proof.signature: one.id for one in made for proof in one.proofs}
    placed: list[Finding] = []
    for one in made:
        shadows = [proof.shadow for proof in one.proofs]
        if None in shadows:
            placed.append(one)
            continue
        front = dict.fromkeys(ids.get(s, s) for shadow in shadows if shadow is not None for s in shadow.behind)
        behind = tuple(name for name in front if name != one.id) or tuple(shadows[0].behind if shadows[0] else ())
        placed.append(replace(one, behind=behind, explanation=f"{one.explanation} {_behind(behind)}"))
    return placed


def _behind(findings: Sequence[str]) -> str:
    those, they, theirs = ("these come", "they change", "their shadow patches") if len(findings) > 1 else _ONE
    return (
        f"It lies behind {' and '.join(findings)}: on the unpatched program {those} first, so it was shown with {theirs} "
        f"applied, which the proof's bundle carries; it is in none of the functions that {they}, and misses another object."
    )


def finding(proofs: tuple[Proof, ...], entries: Mapping[str, EntryPoint]) -> Finding:
    """The finding that `proofs` of one root cause support; the first proof speaks for all, severity is the highest of any."""
    lead = proofs[0]
    violation = lead.violation
    named = weakness(violation)
    at = violation.place
    gravest = max((severity(p.violation, entries[p.entry_id], p.control) for p in proofs), key=lambda s: (s.cvss, s.vector))
    return Finding(
        id=_identity(lead),
        title=title(violation),
        cwe=named.cwe,
        cwe_name=named.name,
        status=FindingStatus.OBSERVED if violation.kind in OBSERVED_FACTS else FindingStatus.PROVED,
        severity=gravest,
        file=wording.project_path(at.file) if at else "",
        line=at.line if at else 0,
        function=at.function if at else "",
        explanation=explanation(lead, entries[lead.entry_id]),
        proofs=proofs,
    )


def _identity(lead: Proof) -> str:
    """Stable across runs: from the signature, and from the door where the record has no place, or a fact's own line."""
    door = "" if lead.violation.frames else lead.entry_id
    at = lead.violation.place
    if at is not None and (at.pattern or lead.violation.kind in OBSERVED_FACTS):
        door = f"{at.file}:{at.line}"  # one function may hold several facts of one kind, or match several expressions
    return "M-" + hashlib.sha256(f"{lead.signature}\0{door}".encode("utf-8", "backslashreplace")).hexdigest()[:10]


def title(violation: Violation) -> str:
    """One line such as "Heap buffer overflow (write of 4 bytes) in parse_chunk"."""
    access = wording.access(violation)
    at = violation.place
    where = f" in {wording.named(at)}" if at and at.function else ""
    return f"{wording.kind_name(violation.kind)}{f' ({access})' if access else ''}{where}"


def explanation(proof: Proof, entry: EntryPoint) -> str:
    """A few sentences for someone who did not run it: what happened, where the object came from, how sure, how much control."""
    violation = proof.violation
    sentences = [f"{_door(proof, entry)}, {_happened(violation, proof)}."]
    if violation.kind in SINK_VIOLATIONS | OBSERVED_FACTS and violation.message:
        sentences.append(_sentence(violation.message))
    sentences += _history(violation)
    sentences.append(_replayed(proof))
    if violation.kind in OBSERVED_FACTS:
        sentences.append("It is an observed fact: a weak practice seen executed where an outsider reaches it, not a proved flaw.")
    else:
        sentences.append((sink_wording.STEERED if entry.observed else _TIERS)[proof.control.tier])
    return " ".join(sentences)


_LONGEST_MESSAGE = 400
_ONE = "that comes", "it changes", "its shadow patch"
_TIERS = {
    1: "What was measured is that the input stops or stalls the program, or makes it go on with a wrong value.",
    2: "Changing the input's bytes did not steer where or how much memory is touched.",
    3: "Changing the input's bytes steers where or how much memory is read.",
    4: "Changing the input's bytes steers where or how much memory is written.",
    5: "Changing the input's bytes steers where execution continues.",
}


def _sentence(message: str) -> str:
    """The oracle's own words as one sentence of the text."""
    told = " ".join(message.split()).rstrip(".")
    shown = told if len(told) <= _LONGEST_MESSAGE else told[: _LONGEST_MESSAGE - 1] + "…"
    return f"{shown[:1].upper()}{shown[1:]}."


def _door(proof: Proof, entry: EntryPoint) -> str:
    name = wording.short(entry.name)
    size = f"an input of {wording.count(proof.size, 'byte')}"
    match entry.kind:
        case EntryKind.FUZZ_TARGET:
            return f"When the fuzz target `{name}` receives {size}"
        case EntryKind.PROGRAM_FILE:
            return f"When `{name}` reads a file with {size}"
        case EntryKind.APPLICATION:
            return f"When {proof.through or 'a route'} of the application `{name}` receives the proof's request"
        case EntryKind.FUNCTION:
            return f"When {proof.through or f'`{name}`'} is called with the proof's arguments"
        case EntryKind.HARNESS:
            return f"When {proof.through or 'a fuzz target'} of the project (`{name}`) is given the proof's bytes"
        case EntryKind.COMMAND:
            return f"When the command `{name}` runs as in the proof"
    return f"When `{name}` reads from standard input {size}"


def _happened(violation: Violation, proof: Proof) -> str:
    at = violation.place
    subject = wording.place(at) if at else "the program"
    if violation.kind in sink_wording.EFFECTS:
        return f"{sink_wording.subject(proof.carriers)} {sink_wording.EFFECTS[violation.kind].format(place=subject)}"
    if violation.kind in OBSERVED_FACTS:
        return f"{subject} {sink_wording.FACTS[violation.kind]}"
    if violation.kind is ViolationKind.TIMEOUT:
        return f"the program does not finish within its time limit; when it was stopped it was inside {subject}"
    if violation.kind is ViolationKind.STACK_EXHAUSTION:
        return f"calls nest until the stack is used up, last seen in {subject}"
    if violation.kind in (ViolationKind.MEMORY_EXHAUSTION, ViolationKind.ALLOCATION_SIZE):
        asked = f" by asking for {wording.count(violation.size, 'byte')}" if violation.size else ""
        return f"{subject} takes more memory than the limit allows{asked}"
    if violation.access is not None:
        verb = {"read": "reads", "write": "writes"}[violation.access.value]
        amount = wording.count(violation.size, "byte") if violation.size else "memory"
        through = next((f" through {wording.place(f)}" for f in violation.project_frames if f.accessor and f != at), "")
        return f"{subject} {verb} {amount}{through} {_where(violation)}"
    return f"{subject} triggers: {wording.kind_name(violation.kind).lower()}"


def _where(violation: Violation) -> str:
    if violation.region is not None:
        freed = " that was already released" if violation.kind is ViolationKind.HEAP_USE_AFTER_FREE else ""
        return f"at {wording.position(violation.region)}{freed}"
    if violation.kind is ViolationKind.NULL_DEREFERENCE:
        return "through a null pointer"
    if violation.kind is ViolationKind.WILD_JUMP:
        return "as code from an address that holds none"
    return "at an address that belongs to no object"


def _history(violation: Violation) -> list[str]:
    told = []
    for frames, verb in ((violation.allocation, "allocated"), (violation.deallocation, "released")):
        site = _project_site(frames)
        if site is not None:
            told.append(f"The object was {verb} in {wording.place(site)}.")
    return told


def _project_site(frames: tuple[Frame, ...]) -> Frame | None:
    return next((f for f in frames if f.in_project), None)


def _replayed(proof: Proof) -> str:
    silent = [c.name for c in proof.controls if not c.fired]
    harmless = f", while harmless inputs ({', '.join(silent)}) did not" if silent else ""
    return f"It did so in {proof.fired} of {proof.replays} replays in fresh sandboxes{harmless}."
