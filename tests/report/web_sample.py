"""A run over a web application, a function and a command: proofs from input documents, and an observed fact."""

from dataclasses import replace

from mithridate.model.document import Document, encode
from mithridate.model.entry import Boundary, EntryKind, ObservedDoor
from mithridate.model.finding import Control, ControlTier, Finding, FindingStatus, Metric, NegativeControl, Proof, Severity
from mithridate.model.run import EntryReport, ResidualRisk, RunReport
from mithridate.model.violation import Frame, Violation, ViolationKind

A, Z = "\ue000\ue100", "\ue001\ue100"
APPLICATION, FUNCTION, COMMAND = "shop.app:app", "shop.lib:render", "shop.cli"
LOGIN = Document(
    control=[{"request": {"method": "POST", "path": "/login", "form": [["name", f"{A}anna{Z}"], ["next", "/"]]}}],
    attack=[{"request": {"method": "POST", "path": "/login", "form": [["name", f"{A}x' OR '1<b>{Z}"], ["next", "/"]]}}],
)
CALL = Document(
    control=[], attack=[{"call": {"target": "shop.lib:Page.render", "construct": {"args": [1]}, "args": [f"{A}{{7}}{Z}"]}}]
)
RUN = Document(control=[], attack=[{"program": {"args": ["-o", f"{A}; id{Z}"], "stdin": "x\n"}}])


def violation(kind: ViolationKind, function: str, line: int) -> Violation:
    return Violation(
        kind=kind, detector="confinement", message="", frames=(Frame(function=function, file="/src/shop/app.py", line=line),)
    )


def proof(seen: Violation, door: str, document: Document, blob: str, tier: ControlTier = ControlTier.CONTROLLED_WRITE) -> Proof:
    return Proof(
        entry_id=door,
        signature=seen.signature,
        violation=seen,
        blob=blob * 64,
        size=len(encode(document)),
        original_size=2000,
        replays=10,
        fired=10,
        controls=(NegativeControl(name="harmless twin", blob="e" * 64, size=90, fired=False),),
        control=Control(tier=tier, evidence=("In two runs `⟦abcd⟧` followed the input.",), perturbations=10),
        engine="requests",
        found_s=4.0,
        report="{}",
        bundle=f"proofs/M-{blob}-1.proof",
    )


def finding(made: Proof, cwe: int, title: str, status: FindingStatus = FindingStatus.PROVED, score: float = 9.3) -> Finding:
    at = made.violation.place
    assert at is not None
    return Finding(
        id=f"M-{made.blob[:10]}",
        title=title,
        cwe=cwe,
        cwe_name="A weakness",
        status=status,
        severity=Severity(
            cvss=score,
            rating="Critical",
            vector="CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            metrics=(Metric(name="AV", value="N", why="It answers over a network."),),
        ),
        file="shop/app.py",
        line=at.line,
        function=at.function,
        explanation=f"When `POST /login` comes, {title} happens.",
        proofs=(made,),
    )


def entry(name: str, kind: EntryKind) -> EntryReport:
    return EntryReport(
        id=name,
        language="python",
        kind=kind,
        boundary=Boundary.REAL,
        engines=(),
        executions=10,
        covered=1,
        edges=2,
        corpus_units=1,
        residual=ResidualRisk(discovery_probability=None, completeness=None, basis=""),
    )


def report(base: RunReport) -> RunReport:
    sql = proof(violation(ViolationKind.SQL_INJECTION, "login", 12), APPLICATION, LOGIN, "1")
    call = proof(violation(ViolationKind.TEMPLATE_INJECTION, "render", 20), FUNCTION, CALL, "2")
    run = proof(violation(ViolationKind.SHELL_INJECTION, "main", 30), COMMAND, RUN, "3", ControlTier.CONTROLLED_EXECUTION)
    fact = proof(violation(ViolationKind.WEAK_HASH, "token", 40), APPLICATION, LOGIN, "4", ControlTier.STOPS_PROGRAM)
    return replace(
        base,
        findings=(
            finding(replace(fact, controls=()), 328, "Weak hash in token", FindingStatus.OBSERVED, 9.9),
            finding(sql, 89, "SQL injection in login"),
            finding(call, 1336, "Template injection in render", score=8.0),
            finding(run, 78, "Shell command injection in main", score=9.0),
        ),
        flaky=(),
        entry_points=(
            entry(APPLICATION, EntryKind.APPLICATION),
            entry(FUNCTION, EntryKind.FUNCTION),
            entry(COMMAND, EntryKind.COMMAND),
        ),
        inputs={"1" * 64: encode(LOGIN), "2" * 64: encode(CALL), "3" * 64: encode(RUN), "4" * 64: encode(LOGIN)},
        doors={
            APPLICATION: ObservedDoor(kind="wsgi", target="shop.app:app"),
            COMMAND: ObservedDoor(kind="program", target="shop.cli"),
        },
        sources={},
    )
