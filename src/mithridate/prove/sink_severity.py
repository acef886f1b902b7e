"""What a violation behind a door with an observer puts at stake, for CVSS 4.0: by what was seen at the sink, metric by metric.

As for native code the values stay with what was observed (FIRST, "CVSS v4.0 Specification Document", section 2): an expression
language that only reads puts no integrity at stake, and what a browser or a neighbour suffers counts as a subsequent system.
An observed fact therefore scores 0.0: CVSS weighs losses, and none was observed.
"""

from dataclasses import dataclass, replace

from mithridate.model.entry import EntryKind, EntryPoint
from mithridate.model.finding import Control, ControlTier
from mithridate.model.violation import OBSERVED_FACTS, Violation, ViolationKind

_K = ViolationKind
Value = tuple[str, str]
"""A metric's value and the reason for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """Impact on the vulnerable system (VC, VI, VA) and on others (SC, SI); "" for interaction means: as the door says."""

    vc: Value
    vi: Value
    va: Value
    sc: Value
    si: Value
    interaction: Value = ("", "")


_NO_READ = ("N", "Nothing was observed that discloses data.")
_NO_WRITE = ("N", "Nothing was observed that changes data.")
_NO_STOP = ("N", "Nothing was observed that stops the program.")
_NO_OTHER = ("N", "No effect on another system was observed; what the program is connected to is a matter of the estate.")
_NOTHING = Stakes(vc=_NO_READ, vi=_NO_WRITE, va=_NO_STOP, sc=_NO_OTHER, si=_NO_OTHER)

_ANYTHING = "What is executed follows the input, so whatever the program may do, the attacker may."
_EXECUTION = replace(_NOTHING, vc=("H", _ANYTHING), vi=("H", _ANYTHING), va=("H", _ANYTHING))

_BROWSER = "The attacker's text acts in the browser of whoever opens the answer; what it can reach there is limited to this site."
_CLICK = ("A", "Somebody has to open the attacker's request, such as a link that they were sent.")
_REACHES = "The program contacts a host that the attacker names, from where the program stands."

_STAKES = {
    _K.SQL_INJECTION: replace(
        _NOTHING,
        vc=("H", "The attacker changes what the statement asks for, and with it which rows come back."),
        vi=("H", "The attacker changes the statement itself; what the database account may change, such a statement may."),
        va=("L", "A statement of the attacker's making can take the database's time; more was not tried."),
    ),
    _K.ARGUMENT_INJECTION: replace(
        _NOTHING,
        vc=("L", "The attacker adds options or arguments to a fixed program; what that program shows is limited by it."),
        vi=("L", "The attacker adds options or arguments to a fixed program; what that program changes is limited by it."),
        va=("L", "Options that the program does not expect can make it fail."),
    ),
    _K.CROSS_SITE_SCRIPTING: replace(_NOTHING, sc=("L", _BROWSER), si=("L", _BROWSER), interaction=_CLICK),
    _K.HEADER_INJECTION: replace(
        _NOTHING,
        sc=("L", "The attacker adds headers to the answer, or text that a browser takes for an answer of its own."),
        si=("L", "The attacker's headers can set cookies or be kept in caches between the program and its users."),
        interaction=_CLICK,
    ),
    _K.OPEN_REDIRECT: replace(
        _NOTHING,
        si=("L", "The attacker chooses where the browser is sent, under the name of this site."),
        interaction=_CLICK,
    ),
    _K.REQUEST_FORGERY: replace(
        _NOTHING,
        vc=("L", "What the contacted host answers can reach the attacker; the attempt was observed, no answer was let through."),
        sc=("L", _REACHES),
        si=("L", _REACHES),
    ),
    _K.XPATH_INJECTION: replace(
        _NOTHING, vc=("H", "The attacker chooses which nodes of the document the expression selects; XPath only reads.")
    ),
    _K.LDAP_INJECTION: replace(
        _NOTHING, vc=("H", "The attacker chooses which entries of the directory the filter or name selects; a search only reads.")
    ),
    _K.REGEX_INJECTION: replace(
        _NOTHING,
        vi=("L", "The attacker decides what the pattern accepts, and with it what the program decides."),
        va=("L", "A pattern of the attacker's making can take the processor's time; more was not tried."),
    ),
    _K.LOG_INJECTION: replace(_NOTHING, vi=("L", "The attacker writes entries into the log that look like the program's own.")),
    _K.XML_INJECTION: replace(
        _NOTHING, vi=("L", "The attacker adds elements or attributes to a document that the program makes.")
    ),
    _K.EXTERNAL_ENTITY: replace(
        _NOTHING,
        vc=("H", "The attacker names the file or address whose content the parser puts into the document."),
        sc=("L", "The parser fetches an address that the attacker names, from where the program stands."),
    ),
    _K.ARCHIVE_TRAVERSAL: replace(
        _NOTHING,
        vi=("H", "The attacker chooses which file outside the directory is written, and with what."),
        va=("H", "Files that the program needs can be overwritten."),
    ),
    _K.SUPERLINEAR_TIME: replace(
        _NOTHING, va=("H", "The time grows faster than the input, so that a small input takes the processor from all others.")
    ),
}

_READS = replace(_NOTHING, vc=("H", "The attacker chooses what is read."))
_ASKS = replace(_NOTHING, vc=("L", "The attacker learns which files are there; what is in them was not read."))
_WRITES = replace(
    _NOTHING,
    vi=("H", "The attacker chooses which file is written or removed."),
    va=("H", "Files that the program needs can be overwritten or removed."),
)
_STRUCTURE = replace(
    _NOTHING,
    vc=("H", "The attacker's syntax is evaluated and can read what the template can reach."),
    vi=("L", "The attacker decides what is rendered; that more can be changed was not tried."),
    va=("L", "Syntax of the attacker's making can take the processor's time; more was not tried."),
)
_UNATTACKED = ("N", "A weak practice was seen executed; nothing was attacked, so no loss was observed.")
_FACT = replace(_NOTHING, vc=_UNATTACKED, vi=_UNATTACKED, va=_UNATTACKED)
_LIMITED = (
    "L",
    "The input ends one request, call or run with an error, or keeps one worker busy; that all others stop was not observed.",
)
ONE_REQUEST = frozenset({_K.UNCAUGHT_EXCEPTION, _K.STACK_EXHAUSTION, _K.ASSERTION})
"""An interpreter turns these into an exception; a server answers with an error and goes on."""


def stakes(violation: Violation, control: Control) -> Stakes | None:
    """The stakes of a violation that only an observer shows, or that an interpreter survives; None for all others."""
    kind = violation.kind
    if kind in OBSERVED_FACTS:
        return _FACT
    if kind in ONE_REQUEST:
        return replace(_NOTHING, va=_LIMITED)
    if kind is _K.PATH_TRAVERSAL and control.tier is not ControlTier.CONTROLLED_EXECUTION:
        if control.tier is ControlTier.UNCONTROLLED_READ:
            return _ASKS
        return _WRITES if control.tier is ControlTier.CONTROLLED_WRITE else _READS
    if kind is _K.TEMPLATE_INJECTION and control.tier is not ControlTier.CONTROLLED_EXECUTION:
        return _READS if control.tier is ControlTier.CONTROLLED_READ else _STRUCTURE
    if kind in _STAKES:
        return _STAKES[kind]
    return _EXECUTION if kind in _EXECUTES else None


_EXECUTES = frozenset(
    {
        _K.SHELL_INJECTION,
        _K.CODE_INJECTION,
        _K.UNSAFE_DESERIALISATION,
        _K.UNTRUSTED_IMPORT,
        _K.PATH_TRAVERSAL,
        _K.TEMPLATE_INJECTION,
    }
)


def door(entry: EntryPoint) -> tuple[Value, Value, Value]:
    """Attack vector, privileges and interaction of a door with an observer."""
    if entry.kind is EntryKind.APPLICATION:
        return (
            ("N", "A web application answers requests that come over a network."),
            ("N", "The proof needs no account but what its own requests set up."),
            ("N", "The attacker sends the request; no other person takes part."),
        )
    if entry.kind in (EntryKind.FUNCTION, EntryKind.HARNESS):
        return (
            (
                "N",
                "The flaw is in a function that takes its caller's data; the reasonable worst case is a program that passes on "
                "what comes from a network.",
            ),
            ("N", "The attacker supplies data only and needs no account on the machine."),
            ("N", "A program that uses the function can call it without a person taking part."),
        )
    return (
        ("L", "The program is started on the machine it runs on; it does not listen on a network."),
        ("N", "The attacker supplies data only and needs no account on the machine."),
        ("P", "Somebody, or a job they started, has to run the program on the attacker's data; doing so as usual is enough."),
    )
