"""From a violation to the weakness it shows: CWE number and name (MITRE, Common Weakness Enumeration 4.x)."""

import re
from dataclasses import dataclass

from mithridate.model.violation import Access, Region, Relation, Violation, ViolationKind

_NAMES = {
    22: "Improper Limitation of a Pathname to a Restricted Directory ('Path Traversal')",
    78: "Improper Neutralization of Special Elements used in an OS Command ('OS Command Injection')",
    79: "Improper Neutralization of Input During Web Page Generation ('Cross-site Scripting')",
    88: "Improper Neutralization of Argument Delimiters in a Command ('Argument Injection')",
    89: "Improper Neutralization of Special Elements used in an SQL Command ('SQL Injection')",
    90: "Improper Neutralization of Special Elements used in an LDAP Query ('LDAP Injection')",
    91: "XML Injection (aka Blind XPath Injection)",
    95: "Improper Neutralization of Directives in Dynamically Evaluated Code ('Eval Injection')",
    113: "Improper Neutralization of CRLF Sequences in HTTP Headers ('HTTP Request/Response Splitting')",
    117: "Improper Output Neutralization for Logs",
    119: "Improper Restriction of Operations within the Bounds of a Memory Buffer",
    121: "Stack-based Buffer Overflow",
    122: "Heap-based Buffer Overflow",
    124: "Buffer Underwrite ('Buffer Underflow')",
    125: "Out-of-bounds Read",
    127: "Buffer Under-read",
    129: "Improper Validation of Array Index",
    190: "Integer Overflow or Wraparound",
    195: "Signed to Unsigned Conversion Error",
    248: "Uncaught Exception",
    327: "Use of a Broken or Risky Cryptographic Algorithm",
    328: "Use of Weak Hash",
    330: "Use of Insufficiently Random Values",
    369: "Divide By Zero",
    401: "Missing Release of Memory after Effective Lifetime",
    407: "Inefficient Algorithmic Complexity",
    415: "Double Free",
    416: "Use After Free",
    470: "Use of Externally-Controlled Input to Select Classes or Code ('Unsafe Reflection')",
    475: "Undefined Behavior for Input to API",
    476: "NULL Pointer Dereference",
    501: "Trust Boundary Violation",
    502: "Deserialization of Untrusted Data",
    562: "Return of Stack Variable Address",
    590: "Free of Memory not on the Heap",
    601: "URL Redirection to Untrusted Site ('Open Redirect')",
    611: "Improper Restriction of XML External Entity Reference",
    614: "Sensitive Cookie in HTTPS Session Without 'Secure' Attribute",
    617: "Reachable Assertion",
    625: "Permissive Regular Expression",
    643: "Improper Neutralization of Data within XPath Expressions ('XPath Injection')",
    674: "Uncontrolled Recursion",
    681: "Incorrect Conversion between Numeric Types",
    703: "Improper Check or Handling of Exceptional Conditions",
    758: "Reliance on Undefined, Unspecified, or Implementation-Defined Behavior",
    761: "Free of Pointer not at Start of Buffer",
    762: "Mismatched Memory Management Routines",
    763: "Release of Invalid Pointer or Reference",
    770: "Allocation of Resources Without Limits or Throttling",
    787: "Out-of-bounds Write",
    789: "Memory Allocation with Excessive Size Value",
    822: "Untrusted Pointer Dereference",
    823: "Use of Out-of-range Pointer Offset",
    825: "Expired Pointer Dereference",
    834: "Excessive Iteration",
    918: "Server-Side Request Forgery (SSRF)",
    1004: "Sensitive Cookie Without 'HttpOnly' Flag",
    1275: "Sensitive Cookie with Improper SameSite Attribute",
    1284: "Improper Validation of Specified Quantity in Input",
    1333: "Inefficient Regular Expression Complexity",
    1335: "Incorrect Bitwise Shift of Integer",
    1336: "Improper Neutralization of Special Elements Used in a Template Engine",
}

_WRITE_PAST_THE_END = {
    ViolationKind.HEAP_BUFFER_OVERFLOW: 122,
    ViolationKind.STACK_BUFFER_OVERFLOW: 121,
    ViolationKind.STACK_BUFFER_UNDERFLOW: 124,
    ViolationKind.DYNAMIC_STACK_BUFFER_OVERFLOW: 121,
    ViolationKind.GLOBAL_BUFFER_OVERFLOW: 787,
    ViolationKind.CONTAINER_OVERFLOW: 787,
}

_BY_KIND = {
    ViolationKind.HEAP_USE_AFTER_FREE: 416,
    ViolationKind.STACK_USE_AFTER_RETURN: 562,
    ViolationKind.STACK_USE_AFTER_SCOPE: 562,
    ViolationKind.DOUBLE_FREE: 415,
    ViolationKind.ALLOC_DEALLOC_MISMATCH: 762,
    ViolationKind.NEGATIVE_SIZE_PARAM: 195,
    ViolationKind.PARAM_OVERLAP: 475,
    ViolationKind.USE_AFTER_POISON: 825,
    ViolationKind.UNKNOWN_ADDRESS_ACCESS: 823,
    ViolationKind.WILD_POINTER: 823,
    ViolationKind.NULL_DEREFERENCE: 476,
    ViolationKind.WILD_JUMP: 822,
    ViolationKind.STACK_EXHAUSTION: 674,
    ViolationKind.BUS_ERROR: 119,
    ViolationKind.DIVISION_BY_ZERO: 369,
    ViolationKind.ILLEGAL_INSTRUCTION: 758,
    ViolationKind.ASSERTION: 617,
    ViolationKind.ABORT: 617,
    ViolationKind.UNCAUGHT_EXCEPTION: 248,
    ViolationKind.STACK_SMASHING: 121,
    ViolationKind.HEAP_CORRUPTION: 119,
    ViolationKind.SIGNED_INTEGER_OVERFLOW: 190,
    ViolationKind.SHIFT_EXPONENT: 1335,
    ViolationKind.FLOAT_CAST: 681,
    ViolationKind.VLA_BOUND: 1284,
    ViolationKind.UNREACHABLE: 758,
    ViolationKind.MISSING_RETURN: 758,
    ViolationKind.INVALID_BUILTIN: 758,
    ViolationKind.UNDEFINED_BEHAVIOUR: 758,
    ViolationKind.ALLOCATION_SIZE: 789,
    ViolationKind.TIMEOUT: 834,
    ViolationKind.LEAK: 401,
    ViolationKind.FATAL_SIGNAL: 703,
    ViolationKind.SQL_INJECTION: 89,
    ViolationKind.SHELL_INJECTION: 78,
    ViolationKind.ARGUMENT_INJECTION: 88,
    ViolationKind.PATH_TRAVERSAL: 22,
    ViolationKind.CROSS_SITE_SCRIPTING: 79,
    ViolationKind.HEADER_INJECTION: 113,
    ViolationKind.OPEN_REDIRECT: 601,
    ViolationKind.REQUEST_FORGERY: 918,
    ViolationKind.XPATH_INJECTION: 643,
    ViolationKind.LDAP_INJECTION: 90,
    # An injected pattern matches whatever its author likes; that it may also be slow is a violation of its own.
    ViolationKind.REGEX_INJECTION: 625,
    ViolationKind.LOG_INJECTION: 117,
    ViolationKind.TEMPLATE_INJECTION: 1336,
    ViolationKind.XML_INJECTION: 91,
    ViolationKind.EXTERNAL_ENTITY: 611,
    ViolationKind.CODE_INJECTION: 95,
    ViolationKind.UNSAFE_DESERIALISATION: 502,
    ViolationKind.UNTRUSTED_IMPORT: 470,
    ViolationKind.ARCHIVE_TRAVERSAL: 22,
    ViolationKind.TRUST_BOUNDARY: 501,
    ViolationKind.WEAK_HASH: 328,
    ViolationKind.WEAK_CIPHER: 327,
    ViolationKind.WEAK_RANDOM: 330,
}

_REGEX = re.compile(r"\bregex|\bregular expression|\bpattern\b", re.IGNORECASE)
_FLAGS = (("secure", 614), ("httponly", 1004), ("samesite", 1275))


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """A CWE entry: its number and its official name."""

    cwe: int
    name: str


def weakness(violation: Violation) -> Weakness:
    """The CWE entry that names what was seen; the most specific one that the record alone supports."""
    number = _number(violation)
    return Weakness(cwe=number, name=_NAMES[number])


def _number(violation: Violation) -> int:
    kind = violation.kind
    if kind in _WRITE_PAST_THE_END:
        return _out_of_bounds(violation)
    if kind is ViolationKind.ARRAY_INDEX:
        return {Access.READ: 125, Access.WRITE: 787, None: 129}[violation.access]
    if kind is ViolationKind.BAD_FREE:
        return _bad_free(violation.region)
    if kind is ViolationKind.MEMORY_EXHAUSTION:
        # A known size means one refused allocation; without it many allocations added up.
        return 789 if violation.size else 770
    if kind is ViolationKind.SUPERLINEAR_TIME:
        return 1333 if _REGEX.search(violation.message) else 407
    if kind is ViolationKind.INSECURE_COOKIE:
        # Of several missing flags the one whose absence gives most away.
        missing = violation.message.lower().rpartition("without")[2]  # before that stands the cookie's name
        return next((n for flag, n in _FLAGS if flag in missing), 614)
    return _BY_KIND[kind]


def _out_of_bounds(violation: Violation) -> int:
    before = violation.kind is ViolationKind.STACK_BUFFER_UNDERFLOW or (
        violation.region is not None and violation.region.relation is Relation.BEFORE
    )
    if violation.access is Access.WRITE:
        return 124 if before else _WRITE_PAST_THE_END[violation.kind]
    if violation.access is Access.READ:
        return 127 if before else 125
    return 119


def _bad_free(region: Region | None) -> int:
    if region is None:
        return 763
    return 761 if region.kind == "heap" else 590
