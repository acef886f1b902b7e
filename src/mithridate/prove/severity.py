"""CVSS 4.0 base score of a finding, with the reason for every metric.

Values follow the definitions in FIRST, "CVSS v4.0 Specification Document", section 2, and for libraries the advice of its
User Guide: score the reasonable worst case of a program that uses the library. Impact comes from what was measured, the
control tier, and not from what a flaw of this kind could do elsewhere: the specification's "Low" is a loss whose
consequence the attacker does not control.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cvss import CVSS4

from mithridate.model.entry import EntryKind, EntryPoint
from mithridate.model.finding import Control, ControlTier, Metric, Severity
from mithridate.model.violation import Access, Violation, ViolationKind
from mithridate.prove import sink_severity

GOES_ON = frozenset(
    {
        ViolationKind.SIGNED_INTEGER_OVERFLOW,
        ViolationKind.SHIFT_EXPONENT,
        ViolationKind.FLOAT_CAST,
        ViolationKind.VLA_BOUND,
        ViolationKind.INVALID_BUILTIN,
        ViolationKind.UNDEFINED_BEHAVIOUR,
        ViolationKind.ARRAY_INDEX,
        ViolationKind.LEAK,
    }
)
"""Kinds after which the program goes on: seen, but nothing was stopped."""

_CORRUPTS = frozenset(
    {
        ViolationKind.DOUBLE_FREE,
        ViolationKind.BAD_FREE,
        ViolationKind.HEAP_CORRUPTION,
        ViolationKind.STACK_SMASHING,
        ViolationKind.NEGATIVE_SIZE_PARAM,
        ViolationKind.PARAM_OVERLAP,
        ViolationKind.WILD_JUMP,
    }
)
"""Kinds that do not state a direction but change memory, or what runs."""

_RESOURCE = frozenset({ViolationKind.TIMEOUT, ViolationKind.MEMORY_EXHAUSTION, ViolationKind.ALLOCATION_SIZE})


_OF_A_CLAIM: Mapping[str, tuple[str, str, str]] = {
    "AV": (
        "AV",
        "L",
        "What is proved is that a claim of the project's own tests does not hold; no way over a network was shown.",
    ),
    "AT": (
        "AT",
        "P",
        "A program has to use the code as the fuzz target does, and to depend on what it claims; none was seen that does.",
    ),
}
"""What an exception or a failed assertion says that left a fuzz target."""


@dataclass(frozen=True, slots=True)
class _Impact:
    confidentiality: tuple[str, str]
    integrity: tuple[str, str]
    availability: tuple[str, str]


def severity(violation: Violation, entry: EntryPoint, control: Control) -> Severity:
    """The CVSS 4.0 base severity of `violation` reached through `entry` with the measured `control`."""
    stakes = sink_severity.stakes(violation, control) if entry.observed else None
    if stakes is not None:
        named = _of_sink(entry, stakes)
        if entry.kind is EntryKind.HARNESS and violation.kind in sink_severity.ONE_REQUEST:
            named = tuple(_OF_A_CLAIM.get(metric[0], metric) for metric in named)
    else:
        named = (*_exploitability(entry), *_named_impact(_impact(violation, control)), *_subsequent())
    metrics = tuple(Metric(name=name, value=value, why=why) for name, value, why in named)
    score = CVSS4("CVSS:4.0/" + "/".join(f"{m.name}:{m.value}" for m in metrics))
    return Severity(cvss=float(score.base_score), vector=score.clean_vector(), rating=score.severity, metrics=metrics)


def _of_sink(entry: EntryPoint, stakes: sink_severity.Stakes) -> tuple[tuple[str, str, str], ...]:
    """What an observer saw at a sink; the door's own values stand where the sink does not change them."""
    (_, *av), (_, *ac), (_, *at), (_, *pr), (_, *ui) = _exploitability(entry)
    values = (
        ("AV", tuple(av)),
        ("AC", tuple(ac)),
        ("AT", tuple(at)),
        ("PR", tuple(pr)),
        ("UI", stakes.interaction if stakes.interaction[0] else tuple(ui)),
        ("VC", stakes.vc),
        ("VI", stakes.vi),
        ("VA", stakes.va),
        ("SC", stakes.sc),
        ("SI", stakes.si),
        ("SA", _subsequent()[-1][1:]),
    )
    return tuple((name, value[0], value[1]) for name, value in values)


def _exploitability(entry: EntryPoint) -> tuple[tuple[str, str, str], ...]:
    privileges = ("N", "The attacker supplies data only and needs no account on the machine.")
    same = (
        "The same bytes caused the violation in every replay, each in a fresh process with its own address layout; "
        "no protection had to be worked around."
    )
    if entry.observed:
        vector, privileges, interaction = sink_severity.door(entry)
        same = (
            "The same input caused the violation in every replay, each in a fresh sandbox; no protection had to be worked around."
        )
    elif entry.kind is EntryKind.FUZZ_TARGET:
        vector = (
            "N",
            "The flaw is in a library function that takes bytes; the reasonable worst case is a program fed from a network.",
        )
        interaction = ("N", "A program that uses the library can call this function without a person taking part.")
    elif entry.kind is EntryKind.PROGRAM_FILE:
        vector = ("L", "The program reads a file on the machine it runs on; it does not listen on a network.")
        interaction = (
            "P",
            "Somebody, or a job they started, has to process the attacker's file; doing so as usual is enough.",
        )
    else:
        vector = ("L", "The program reads its standard input on the machine it runs on; it does not listen on a network.")
        interaction = (
            "P",
            "Somebody, or a job they started, has to pass the attacker's data to the program; doing so as usual is enough.",
        )
    return (
        ("AV", *vector),
        ("AC", "L", same),
        ("AT", "N", "The program was run as built and as its own usage shows; no special deployment or race was needed."),
        ("PR", *privileges),
        ("UI", *interaction),
    )


def _impact(violation: Violation, control: Control) -> _Impact:
    tier = control.tier
    if tier is ControlTier.CONTROLLED_EXECUTION:
        why = "Where execution continues follows the input, so whatever the program may do, the attacker may."
        return _Impact(("H", why), ("H", why), ("H", why))
    if tier is ControlTier.CONTROLLED_WRITE:
        why = "Where or how much is written outside the object follows the input; such a write can change what the program does."
        return _Impact(("H", why), ("H", why), ("H", "The violation ends the program or leaves its memory corrupted."))
    if tier is ControlTier.CONTROLLED_READ:
        return _Impact(
            ("H", "Where or how much is read outside the object follows the input, so the attacker selects what is read."),
            ("N", "No write outside an object was observed."),
            ("H", "The violation ends the program."),
        )
    return _without_control(violation, tier)


def _without_control(violation: Violation, tier: ControlTier) -> _Impact:
    none = ("N", "Nothing was observed that discloses data.")
    if tier is ControlTier.UNCONTROLLED_READ and (violation.access is Access.WRITE or violation.kind in _CORRUPTS):
        return _Impact(
            none,
            ("L", "Memory is changed that should not be, but no influence of the input on where or how much was observed."),
            ("H", "The violation ends the program or leaves its memory corrupted."),
        )
    if tier is ControlTier.UNCONTROLLED_READ:
        return _Impact(
            ("L", "Memory outside the object is accessed, but no influence of the input on what is read was observed."),
            ("N", "No write outside an object was observed."),
            ("H", "The violation ends the program, or can when the memory next to the object is not mapped."),
        )
    unwritten = ("N", "Nothing was observed that changes data.")
    if violation.kind in GOES_ON:
        return _Impact(none, unwritten, ("L", "The program went on with a wrong value; only unreliable operation was observed."))
    if violation.kind in _RESOURCE:
        return _Impact(none, unwritten, ("H", "One small input takes the processor or memory that other work needs."))
    return _Impact(none, unwritten, ("H", "The input ends the program."))


def _named_impact(impact: _Impact) -> tuple[tuple[str, str, str], ...]:
    return (("VC", *impact.confidentiality), ("VI", *impact.integrity), ("VA", *impact.availability))


def _subsequent() -> tuple[tuple[str, str, str], ...]:
    why = "No effect on another system was observed; what the program is connected to is a matter of the estate."
    return (("SC", "N", why), ("SI", "N", why), ("SA", "N", why))
