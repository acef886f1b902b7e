"""One finding a root cause: findings that one patch silences are one (DESIGN.md, "Dedup").

Which proofs a validated patch silences is seen by running them (stages/silencing.py); here is what follows from it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from mithridate.model.finding import Finding, Symptom
from mithridate.model.patch import HOLDS, Patch

Patches = Mapping[str, tuple[Patch, ...]]
Silences = Mapping[str, Collection[str]]
"""For a finding, by id: the other findings whose every proof its best patch silences."""


def merged(findings: Sequence[Finding], patches: Patches, silences: Silences) -> tuple[tuple[Finding, ...], Patches]:
    """The findings, those that one patch silences as one: the gravest stays, with the proofs of the others, its symptoms.

    The patch that silences most comes first, and one finding is merged with another only through one patch: where A's silences
    B and B's silences C, C is left alone. What lies behind another flaw is never merged: it does not fire on the snapshot.
    """
    by_id = {one.id: one for one in findings}
    groups: list[tuple[str, list[str]]] = []
    free = {one.id for one in findings if not one.behind}
    for patched in sorted(silences, key=lambda one: (-len(silences[one]), -_gravity(by_id, one), one)):
        members = [one for one in dict.fromkeys((patched, *silences[patched])) if one in free]
        if patched in free and len(members) > 1 and _holds(patches.get(patched, ())):
            groups.append((patched, members))
            free -= set(members)
    kept_patches = dict(patches)
    replaced: dict[str, Finding | None] = {}
    for patched, members in groups:
        order = sorted(members, key=lambda one: (-_gravity(by_id, one), one != patched, one))
        first, rest = by_id[order[0]], [by_id[one] for one in order[1:]]
        replaced |= {one.id: None for one in rest} | {first.id: _with_symptoms(first, rest)}
        best = kept_patches.pop(patched)
        left = [patch for one in members if one != patched for patch in kept_patches.pop(one, ())]
        kept_patches[first.id] = tuple(replace(patch, finding=first.id) for patch in (*best, *left))
    return tuple(found for one in findings if (found := replaced.get(one.id, one)) is not None), kept_patches


def _holds(patches: Sequence[Patch]) -> bool:
    return bool(patches) and patches[0].status in HOLDS


def _gravity(findings: Mapping[str, Finding], one: str) -> float:
    return findings[one].severity.cvss if one in findings else 0.0


def _with_symptoms(first: Finding, rest: Sequence[Finding]) -> Finding:
    own = tuple(symptom for one in (first, *rest) for symptom in one.symptoms)
    made = tuple(
        Symptom(
            id=one.id,
            title=one.title,
            cwe=one.cwe,
            file=one.file,
            line=one.line,
            function=one.function,
            signatures=tuple(dict.fromkeys(proof.signature for proof in one.proofs)),
        )
        for one in rest
    )
    return replace(first, proofs=tuple(p for one in (first, *rest) for p in one.proofs), symptoms=(*own, *made))
