"""Words for what a violation record says: names of kinds, accesses, places. Only what the record holds, nothing inferred."""

import posixpath

from mithridate.model.violation import PATTERN, PROJECT_ROOTS, Frame, Region, Relation, Violation, ViolationKind

LONGEST_NAME = 80
"""Characters kept of a function's name in running text; C++ template names can be thousands long."""

_KINDS = {
    ViolationKind.HEAP_BUFFER_OVERFLOW: "Heap buffer overflow",
    ViolationKind.STACK_BUFFER_OVERFLOW: "Stack buffer overflow",
    ViolationKind.STACK_BUFFER_UNDERFLOW: "Stack buffer underflow",
    ViolationKind.DYNAMIC_STACK_BUFFER_OVERFLOW: "Overflow of a variable-length stack buffer",
    ViolationKind.GLOBAL_BUFFER_OVERFLOW: "Global buffer overflow",
    ViolationKind.CONTAINER_OVERFLOW: "Container overflow",
    ViolationKind.HEAP_USE_AFTER_FREE: "Heap use after free",
    ViolationKind.STACK_USE_AFTER_RETURN: "Stack use after return",
    ViolationKind.STACK_USE_AFTER_SCOPE: "Stack use after scope",
    ViolationKind.DOUBLE_FREE: "Double free",
    ViolationKind.BAD_FREE: "Free of an invalid pointer",
    ViolationKind.ALLOC_DEALLOC_MISMATCH: "Mismatched allocation and release",
    ViolationKind.NEGATIVE_SIZE_PARAM: "Negative size passed to a memory function",
    ViolationKind.PARAM_OVERLAP: "Overlapping arguments of a memory function",
    ViolationKind.USE_AFTER_POISON: "Use of poisoned memory",
    ViolationKind.UNKNOWN_ADDRESS_ACCESS: "Access to an unmapped address",
    ViolationKind.WILD_POINTER: "Access through an invalid pointer",
    ViolationKind.NULL_DEREFERENCE: "Null pointer dereference",
    ViolationKind.WILD_JUMP: "Jump to an invalid address",
    ViolationKind.STACK_EXHAUSTION: "Stack exhaustion",
    ViolationKind.BUS_ERROR: "Bus error",
    ViolationKind.DIVISION_BY_ZERO: "Division by zero",
    ViolationKind.ILLEGAL_INSTRUCTION: "Illegal instruction",
    ViolationKind.ASSERTION: "Reachable assertion",
    ViolationKind.ABORT: "Abort",
    ViolationKind.UNCAUGHT_EXCEPTION: "Uncaught exception",
    ViolationKind.STACK_SMASHING: "Overwritten stack guard",
    ViolationKind.HEAP_CORRUPTION: "Heap corruption",
    ViolationKind.ARRAY_INDEX: "Array index out of bounds",
    ViolationKind.SIGNED_INTEGER_OVERFLOW: "Signed integer overflow",
    ViolationKind.SHIFT_EXPONENT: "Shift by an invalid amount",
    ViolationKind.FLOAT_CAST: "Floating-point value out of an integer's range",
    ViolationKind.VLA_BOUND: "Invalid length of a variable-length array",
    ViolationKind.UNREACHABLE: "Unreachable code reached",
    ViolationKind.MISSING_RETURN: "Missing return value",
    ViolationKind.INVALID_BUILTIN: "Invalid use of a compiler builtin",
    ViolationKind.UNDEFINED_BEHAVIOUR: "Undefined behaviour",
    ViolationKind.ALLOCATION_SIZE: "Excessive allocation size",
    ViolationKind.MEMORY_EXHAUSTION: "Memory exhaustion",
    ViolationKind.TIMEOUT: "Excessive running time",
    ViolationKind.LEAK: "Memory leak",
    ViolationKind.FATAL_SIGNAL: "Fatal signal",
    ViolationKind.SQL_INJECTION: "SQL injection",
    ViolationKind.SHELL_INJECTION: "Shell command injection",
    ViolationKind.ARGUMENT_INJECTION: "Argument injection",
    ViolationKind.PATH_TRAVERSAL: "Path traversal",
    ViolationKind.CROSS_SITE_SCRIPTING: "Cross-site scripting",
    ViolationKind.HEADER_INJECTION: "Header injection",
    ViolationKind.OPEN_REDIRECT: "Open redirect",
    ViolationKind.REQUEST_FORGERY: "Server-side request forgery",
    ViolationKind.XPATH_INJECTION: "XPath injection",
    ViolationKind.LDAP_INJECTION: "LDAP injection",
    ViolationKind.REGEX_INJECTION: "Regular expression injection",
    ViolationKind.LOG_INJECTION: "Log injection",
    ViolationKind.TEMPLATE_INJECTION: "Template injection",
    ViolationKind.XML_INJECTION: "XML injection",
    ViolationKind.EXTERNAL_ENTITY: "External entity resolved",
    ViolationKind.CODE_INJECTION: "Code injection",
    ViolationKind.UNSAFE_DESERIALISATION: "Unsafe deserialisation",
    ViolationKind.UNTRUSTED_IMPORT: "Import chosen by the input",
    ViolationKind.ARCHIVE_TRAVERSAL: "Path traversal from an archive",
    ViolationKind.SUPERLINEAR_TIME: "Super-linear running time",
    ViolationKind.TRUST_BOUNDARY: "Untrusted data in the session",
    ViolationKind.WEAK_HASH: "Weak hash",
    ViolationKind.WEAK_CIPHER: "Weak cipher",
    ViolationKind.WEAK_RANDOM: "Predictable random number",
    ViolationKind.INSECURE_COOKIE: "Cookie without a protecting flag",
}


def kind_name(kind: ViolationKind) -> str:
    """The kind as a person would say it, capitalised."""
    return _KINDS[kind]


def count(n: int, noun: str) -> str:
    """`1 byte`, `2 bytes`."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def access(violation: Violation) -> str:
    """`write of 4 bytes`, `read`, or "" when the record does not say."""
    if violation.access is None:
        return ""
    return f"{violation.access.value} of {count(violation.size, 'byte')}" if violation.size else violation.access.value


def position(region: Region) -> str:
    """Where an access lies relative to the object it missed: `16 bytes past the end of a heap object of 32 bytes`."""
    named = f" `{short(region.name)}`" if region.name else ""
    size = f" of {count(region.size, 'byte')}" if region.size else ""
    article = "an" if region.kind[:1] in "aeiou" else "a"
    thing = f"{article} {region.kind} object{named}{size}"
    if region.relation is Relation.AFTER:
        return f"{count(region.distance, 'byte')} past the end of {thing}"
    if region.relation is Relation.BEFORE:
        return f"{count(region.distance, 'byte')} before the start of {thing}"
    return f"{count(region.distance, 'byte')} into {thing}"


def project_path(file: str) -> str:
    """A file as the owner knows it: relative to the project's root. Files made by the build keep their /build/ prefix."""
    clean = posixpath.normpath(file) if file else ""
    return clean.removeprefix(PROJECT_ROOTS[0])


def place(frame: Frame) -> str:
    """`parse_chunk` (src/chunk.c:42)."""
    name = named(frame) if frame.function == PATTERN else f"`{short(frame.function)}`"
    return f"{name} ({project_path(frame.file)}{f':{frame.line}' if frame.line else ''})" if frame.file else name


def named(frame: Frame) -> str:
    """The function in running text; what is made outside of one by what it is."""
    return "a regular expression" if frame.function == PATTERN else short(frame.function)


def short(name: str) -> str:
    """A name fit for running text."""
    flat = " ".join(name.split()) or "unknown function"
    return flat if len(flat) <= LONGEST_NAME else flat[: LONGEST_NAME - 1] + "…"
