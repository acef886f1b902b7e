"""Numbers and codes in words, the same in every format that people read."""

from dataclasses import dataclass

from mithridate.model.entry import EntryKind
from mithridate.model.exchange import Role
from mithridate.model.finding import Control, ControlTier, Finding, Metric
from mithridate.model.run import EntryReport, ResidualRisk, RunReport
from mithridate.model.violation import OBSERVED_FACTS, SINK_VIOLATIONS, Violation

RATINGS = ("critical", "high", "medium", "low", "none")
"""CVSS qualitative ratings, the gravest first."""

TIERS = {
    ControlTier.STOPS_PROGRAM: "Stops the program",
    ControlTier.UNCONTROLLED_READ: "Uncontrolled access",
    ControlTier.CONTROLLED_READ: "Controlled read",
    ControlTier.CONTROLLED_WRITE: "Controlled write",
    ControlTier.CONTROLLED_EXECUTION: "Controlled execution",
}
"""Short names of the control tiers, for meters and tables."""

TIER_MEANINGS = {
    ControlTier.STOPS_PROGRAM: "the input stops the program, or makes it go on with a wrong value",
    ControlTier.UNCONTROLLED_READ: "memory outside an object is touched, but the input does not steer where or how much",
    ControlTier.CONTROLLED_READ: "address, size or content of a bad read follows the input",
    ControlTier.CONTROLLED_WRITE: "address, size or value of a bad write follows the input",
    ControlTier.CONTROLLED_EXECUTION: "the instruction pointer or the executed code follows the input",
}

SINK_TIERS = {
    ControlTier.STOPS_PROGRAM: ("Not measured", "what reaches the sink was not seen to follow the input"),
    ControlTier.UNCONTROLLED_READ: ("Uncontrolled access", "the sink is reached, but the input does not steer it"),
    ControlTier.CONTROLLED_READ: ("Controlled target", "what is read or asked for follows the input"),
    ControlTier.CONTROLLED_WRITE: (
        "Controlled structure",
        "the structure of what a sink reads, or what is written, follows the input",
    ),
    ControlTier.CONTROLLED_EXECUTION: ("Controlled execution", "the executed code, command or type follows the input"),
}
"""Name and meaning of the tiers for attacker data at a sink."""

_FACT = ("Observed, not steered", "a weak practice was seen executed; nothing was steered")

KINDS = {
    EntryKind.FUZZ_TARGET: "fuzz target",
    EntryKind.PROGRAM_FILE: "program reading a file",
    EntryKind.PROGRAM_STDIN: "program reading standard input",
    EntryKind.APPLICATION: "web application",
    EntryKind.FUNCTION: "function",
    EntryKind.COMMAND: "command-line program",
    EntryKind.HARNESS: "fuzz target",
}

_METRICS = {
    "AV": ("Attack vector", {"N": "Network", "A": "Adjacent", "L": "Local", "P": "Physical"}),
    "AC": ("Attack complexity", {"L": "Low", "H": "High"}),
    "AT": ("Attack requirements", {"N": "None", "P": "Present"}),
    "PR": ("Privileges required", {"N": "None", "L": "Low", "H": "High"}),
    "UI": ("User interaction", {"N": "None", "P": "Passive", "A": "Active"}),
    "VC": ("Confidentiality, this system", {"H": "High", "L": "Low", "N": "None"}),
    "VI": ("Integrity, this system", {"H": "High", "L": "Low", "N": "None"}),
    "VA": ("Availability, this system", {"H": "High", "L": "Low", "N": "None"}),
    "SC": ("Confidentiality, other systems", {"H": "High", "L": "Low", "N": "None"}),
    "SI": ("Integrity, other systems", {"H": "High", "L": "Low", "N": "None"}),
    "SA": ("Availability, other systems", {"H": "High", "L": "Low", "N": "None"}),
}
"""FIRST, CVSS v4.0 Specification Document, section 2."""

_FLOORS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
_SATURATED, _SLOWING = 1e-6, 1e-4


def rating(score: float) -> str:
    """The qualitative rating of a CVSS score (FIRST, CVSS v4.0, section 6), in lower case."""
    return next((name for floor, name in _FLOORS if score >= floor), "none")


def tier_words(control: Control, violation: Violation) -> tuple[str, str]:
    """The name of a tier and what it means, for the kind of violation that it was measured on."""
    if violation.kind in OBSERVED_FACTS:
        return _FACT
    if violation.kind in SINK_VIOLATIONS:
        return SINK_TIERS[control.tier]
    return TIERS[control.tier], TIER_MEANINGS[control.tier]


def measured(control: Control, violation: Violation) -> str:
    """From how many executions the tier was measured: "96 changed inputs", "10 runs with different marks"."""
    if violation.kind in SINK_VIOLATIONS:
        return count(control.perturbations, "run with different marks", "runs with different marks")
    return count(control.perturbations, "changed input")


def by_severity(report: RunReport) -> tuple[Finding, ...]:
    """The findings, the gravest first, observed facts behind all that is proved; equal ones in a fixed order."""
    return proved(report) + observed(report)


def proved(report: RunReport) -> tuple[Finding, ...]:
    """What is proved, the gravest first; equal ones in a fixed order."""
    return _ordered(report.proved)


def observed(report: RunReport) -> tuple[Finding, ...]:
    """The observed facts, in the same order."""
    return _ordered(report.observed)


def _ordered(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (-f.severity.cvss, -f.control.tier, f.file, f.line, f.id)))


def ratings_count(report: RunReport) -> dict[str, int]:
    """How many proved findings have each rating, the gravest rating first."""
    seen = [rating(f.severity.cvss) for f in report.proved]
    return {name: seen.count(name) for name in RATINGS}


def replays_total(report: RunReport) -> tuple[int, int]:
    """How many replays of the proved findings' proofs fired, and how many were made."""
    proofs = [p for f in report.proved for p in f.proofs]
    return sum(p.fired for p in proofs), sum(p.replays for p in proofs)


def metric_words(metric: Metric) -> tuple[str, str]:
    """The metric's name and value spelled out: ("Attack vector", "Local"). Unknown ones stay as they are."""
    name, values = _METRICS.get(metric.name, (metric.name, {}))
    return name, values.get(metric.value, metric.value)


def number(n: int) -> str:
    """`1,234,567`."""
    return f"{n:,}"


def count(n: int, noun: str, plural: str = "") -> str:
    """`1 finding`, `1,204 findings`."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def size(n: int) -> str:
    """Bytes with a binary unit: `512 bytes`, `1.4 MiB`."""
    if n < 1024:
        return count(n, "byte")
    amount = float(n)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        amount /= 1024
        if amount < 1024 or unit == "TiB":
            return f"{amount:.1f} {unit}"
    raise AssertionError("unreachable")


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `10 min`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        parts = ((hours, "h"), (minutes, "min"))
    else:
        parts = ((minutes, "min"), (rest, "s"))
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount)


def percent(share: float) -> str:
    """A share from 0 to 1 as a percentage. Only a whole is 100%: 0.9999 gives `99.9%`."""
    if share >= 1:
        return "100%"
    return f"{min(share * 100, 99.9):.1f}%" if share > 0 else "0%"


def coverage(entry: EntryReport) -> float | None:
    """The covered share of the instrumented edges, 0 to 1; None when nothing was instrumented."""
    return min(entry.covered / entry.edges, 1.0) if entry.edges > 0 else None


def residual_headline(risk: ResidualRisk) -> str:
    """The state of the search in a word or two. Never "secure": an estimate says what may be left, not that nothing is."""
    chance = risk.discovery_probability
    if chance is None:
        return "Not estimated"
    if chance > _SLOWING:
        return "Still discovering"
    return "Slowing down" if chance > _SATURATED else "Nearly saturated"


def residual_sentence(risk: ResidualRisk) -> str:
    """The estimates as sentences, with their numbers."""
    chance, seen = risk.discovery_probability, risk.completeness
    told = []
    if chance is None:
        told.append("How likely more searching is to reach new code was not measured.")
    elif chance <= 0:
        told.append("No code was seen only once, so the estimate of reaching new code is too small to measure.")
    elif chance >= 0.5:
        told.append(f"The next execution reaches new code with an estimated chance of {percent(chance)}.")
    else:
        told.append(f"About 1 in {number(_two_digits(1 / chance))} further executions is expected to reach new code.")
    if seen is not None:
        told.append(f"An estimated {percent(seen)} of the code that this search can reach was seen.")
    return " ".join(told)


def _two_digits(amount: float) -> int:
    """Rounded to two significant digits: the estimate carries no more."""
    return int(float(f"{amount:.2g}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Technique:
    """An engine, or a model's role that gives inputs: findings with a proof of its, those with proofs of no other, its cost."""

    name: str
    findings: int
    alone: int
    cpu_s: float
    eur: float


def techniques(report: RunReport) -> list[Technique]:
    """All that searched or gave inputs, what found the most first; who found nothing is among them."""
    cpu_s: dict[str, float] = {}
    for entry in report.entry_points:
        for tally in entry.engines:
            cpu_s[tally.engine] = cpu_s.get(tally.engine, 0.0) + tally.cpu_s
    eur: dict[str, float] = {}
    for use in report.models:
        if use.role == Role.HUNTER:
            eur[use.role] = eur.get(use.role, 0.0) + use.eur
    found = [{proof.engine for proof in finding.proofs} for finding in report.proved]
    made = [
        Technique(
            name=name,
            findings=sum(name in engines for engines in found),
            alone=sum(engines == {name} for engines in found),
            cpu_s=cpu_s.get(name, 0.0),
            eur=eur.get(name, 0.0),
        )
        for name in dict.fromkeys([*cpu_s, *eur, *(name for engines in found for name in sorted(engines))])
    ]
    return sorted(made, key=lambda one: (-one.findings, -one.alone, one.name))
