"""Leads from models: what the hunter claims and tries enters the hunt as seeds and candidates, and proves itself or does not."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mithridate.model.entry import EntryPoint
from mithridate.model.errors import SandboxUnavailable
from mithridate.model.exchange import Role
from mithridate.model.finding import Finding
from mithridate.model.lead import Lead, LeadVerdict
from mithridate.model.project import Project, Skipped
from mithridate.model.run import Note
from mithridate.stages.minds import Minds
from mithridate.stages.session import Session
from mithridate.store.space import comes_of_full_disk

HUNTER = "hunter"
"""Instead of an engine's name: a model gave the input."""

_REFUTED = 8
_NEAR_LINES = 3
_PER_LEAD_DOORS = 8
_TRYING_SHARE = 0.25
_TRYING_FLOOR_S = 60.0
_LONGEST_WHY = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """What the hunter left: leads, and every input that it gave or tried, as (id of the entry point, blob)."""

    leads: tuple[Lead, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    skipped: tuple[Skipped, ...] = ()


def hunt_for_leads(session: Session, minds: Minds, project: Project, entries: Sequence[EntryPoint]) -> Led:
    """Have the files looked at, those that the ranker prefers first. One durable step: what was said is on record.

    What goes wrong with one file or claim is told, and takes nothing from the others.
    """
    from mithridate.agents.roles.hunter import Claim, Hunter
    from mithridate.agents.roles.ranker import rank
    from mithridate.stages.grounds import RunGrounds

    skipped: list[Skipped] = []
    desk = minds.desk
    seconds = trying_s(session.options.budget_s)
    grounds = RunGrounds(project.tree, session, entries, seconds, (desk.exchanges, desk.replayed))
    order = list(grounds.files())
    if minds.works(Role.RANKER):
        with _on_its_own(session, "the ranking of files", skipped):
            ranked = [one.file for one in rank(desk, grounds, minds.tally(Role.RANKER))]
            order = list(dict.fromkeys([*ranked, *order]))
    hunter = Hunter(desk, grounds, minds.models.rounds, minds.tally(Role.HUNTER))
    claims: list[Claim] = []
    for file in order[: minds.models.files]:
        session.park_if_cancelled()
        with _on_its_own(session, f"{file}, where the hunter was to look", skipped):
            claims += hunter.look(file)
    known = set(order)
    doors = {entry.id for entry in entries}
    leads: dict[str, Lead] = {}
    inputs: dict[tuple[str, str], None] = dict(grounds.tried)
    for claim in claims:
        session.park_if_cancelled()
        if claim.file not in known:
            continue  # nobody can look at a place that is not there
        with _on_its_own(session, f"a lead to {claim.file}:{claim.line}", skipped):
            made = [data for one in claim.inputs if isinstance(data := grounds.input(one.form, one.value), bytes)]
            blobs = tuple(dict.fromkeys(session.stores.blobs.put(data) for data in made))
            lead = Lead(
                id=_identity(claim.file, claim.line, claim.function, claim.claim),
                source=f"model ({Role.HUNTER})",
                file=claim.file,
                line=claim.line,
                function=claim.function,
                cwe=claim.cwe,
                claim=claim.claim,
                entry_id=claim.entry_point if claim.entry_point in doors else "",
                inputs=blobs,
            )
            before = leads.get(lead.id, lead)  # the same again may come with other inputs
            leads[lead.id] = replace(before, inputs=tuple(dict.fromkeys([*before.inputs, *lead.inputs])))
            through = [lead.entry_id] if lead.entry_id else sorted(doors)[:_PER_LEAD_DOORS]
            inputs |= {(door, blob): None for door in through for blob in blobs}
    session.park_if_cancelled()
    session.gate.record("leads", leads=len(leads), inputs=len(inputs))
    if not grounds.left_s:
        skipped.append(Skipped(what="some inputs of the hunter", reason=f"the {seconds:g} s for trying them were used up"))
    skipped += _unheard(minds, Role.HUNTER, Role.RANKER)
    return Led(leads=tuple(leads.values()), inputs=tuple(inputs), skipped=tuple(skipped))


def trying_s(budget_s: float) -> float:
    """Wall seconds that the inputs of models may be made, tried and looked at in one step of a run with that budget."""
    return max(_TRYING_FLOOR_S, _TRYING_SHARE * budget_s)


def settled(
    leads: Iterable[Lead], findings: Sequence[Finding], shown: dict[str, str], tried: Iterable[tuple[str, str]]
) -> list[Lead]:
    """The leads with their verdicts: proved when an input of the lead fired, whatever else was found near its place.

    `shown` maps a blob that fired to its signature; `tried` are the inputs that were run.
    """
    by_signature = {proof.signature: finding for finding in findings for proof in finding.proofs}
    executed = {blob for _, blob in tried}
    done: list[Lead] = []
    for lead in leads:
        fired = next((by_signature[shown[b]] for b in lead.inputs if shown.get(b) in by_signature), None)
        if fired is not None:
            done.append(replace(lead, verdict=LeadVerdict.PROVED, evidence=f"{fired.id}: an input of this lead shows it"))
            continue
        count = len(executed & set(lead.inputs))
        evidence = (
            f"{count} inputs of it were executed, without a violation" if count else "it came with no input that could be run"
        )
        near = next((f for f in findings if _same_place(lead, f)), None)
        if near is not None:
            evidence += f"; {near.id} was found near this place by other means, which does not show that this lead is true"
        done.append(replace(lead, evidence=evidence))
    return done


def refuted(session: Session, minds: Minds, project: Project, entries: Sequence[EntryPoint], leads: Sequence[Lead]) -> list[Lead]:
    """The undecided leads, with what the refuter says against them. That is an opinion: it changes no verdict."""
    from mithridate.agents.roles.refuter import refute
    from mithridate.stages.grounds import RunGrounds

    desk = minds.desk
    grounds = RunGrounds(project.tree, session, entries, trying_s(session.options.budget_s), (desk.exchanges, desk.replayed))
    heard: list[Lead] = []
    asked = 0
    for lead in leads:
        if lead.verdict is LeadVerdict.UNDECIDED and asked < _REFUTED:
            asked += 1
            session.park_if_cancelled()
            doubt = None
            with _on_its_own(session, f"the refutation of {lead.id}"):
                doubt = refute(desk, grounds, lead, minds.models.rounds, minds.tally(Role.REFUTER))
            if doubt is not None:
                words = "doubts it" if doubt.doubted else "found nothing against it"
                lead = replace(lead, evidence=f"{lead.evidence}; a model that was asked to refute it {words}: {doubt.reason}")
        heard.append(lead)
    session.park_if_cancelled()
    return heard


def explained(session: Session, minds: Minds, findings: Sequence[Finding]) -> dict[str, str]:
    """Prose for findings, by id, each from what its record has of the violation: that does not change from run to run."""
    from mithridate.agents.roles.explainer import explain
    from mithridate.stages.grounds import shown

    prose: dict[str, str] = {}
    for finding in findings:
        session.park_if_cancelled()
        weakness = f"CWE-{finding.cwe} {finding.cwe_name}"
        with _on_its_own(session, f"the explanation of {finding.id}"):
            record = f"{weakness}\n{shown(finding.proofs[0].violation, sized=False)}"
            text = explain(minds.desk, finding.id, record, minds.tally(Role.EXPLAINER))
            if text:
                prose[finding.id] = text
    session.park_if_cancelled()
    return prose


@contextmanager
def _on_its_own(session: Session, what: str, skipped: list[Skipped] | None = None) -> Iterator[None]:
    """What models are asked for is never needed: what breaks in it is told, and the scan goes on."""
    try:
        yield
    except SandboxUnavailable:
        raise
    except Exception as error:
        if comes_of_full_disk(error):
            raise
        session.park_if_cancelled()  # what is ended in the middle breaks
        why = f"this went wrong: {type(error).__name__}: {str(error)[:_LONGEST_WHY]}"
        session.tell(Note(text=f"{what}: {why}"))
        if skipped is not None:
            skipped.append(Skipped(what=what, reason=why))


def _same_place(lead: Lead, finding: Finding) -> bool:
    if lead.file != finding.file:
        return False
    return abs(lead.line - finding.line) <= _NEAR_LINES or bool(lead.function and lead.function == finding.function)


def _identity(file: str, line: int, function: str, claim: str) -> str:
    return "L-" + hashlib.sha256(f"{file}\0{line}\0{function}\0{claim}".encode("utf-8", "backslashreplace")).hexdigest()[:10]


def _unheard(minds: Minds, *roles: Role) -> tuple[Skipped, ...]:
    """What models did not answer, and what of their answers could not be used: part of what was not examined."""
    told: list[Skipped] = []
    for role in roles:
        tally = minds.tally(role)
        for why in dict.fromkeys(tally.reasons):
            told.append(Skipped(what=f"{tally.reasons.count(why)} conversations of the {role}", reason=why))
        if tally.dropped:
            told.append(Skipped(what=f"{tally.dropped} answers of the {role}", reason="they had no shape that could be used"))
    return tuple(told)
