"""What an oracle saw: typed violations, parsed from sanitizer reports, never kept as text alone."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

PROJECT_ROOTS = ("/src/", "/build/")
"""Where project code lives inside every sandbox; frames elsewhere belong to the system or to a runtime."""

_NAMED_WITHIN_FILES = (".py",)
"""Source files of languages where many files have a function of one name (`get`, `index`): a name tells only with its file."""


class ViolationKind(StrEnum):
    """Named as the sanitizers name them where they do."""

    HEAP_BUFFER_OVERFLOW = "heap-buffer-overflow"
    STACK_BUFFER_OVERFLOW = "stack-buffer-overflow"
    STACK_BUFFER_UNDERFLOW = "stack-buffer-underflow"
    DYNAMIC_STACK_BUFFER_OVERFLOW = "dynamic-stack-buffer-overflow"
    GLOBAL_BUFFER_OVERFLOW = "global-buffer-overflow"
    CONTAINER_OVERFLOW = "container-overflow"
    HEAP_USE_AFTER_FREE = "heap-use-after-free"
    STACK_USE_AFTER_RETURN = "stack-use-after-return"
    STACK_USE_AFTER_SCOPE = "stack-use-after-scope"
    DOUBLE_FREE = "double-free"
    BAD_FREE = "bad-free"
    ALLOC_DEALLOC_MISMATCH = "alloc-dealloc-mismatch"
    NEGATIVE_SIZE_PARAM = "negative-size-param"
    PARAM_OVERLAP = "param-overlap"
    USE_AFTER_POISON = "use-after-poison"
    UNKNOWN_ADDRESS_ACCESS = "unknown-address-access"
    WILD_POINTER = "segv"
    NULL_DEREFERENCE = "null-dereference"
    WILD_JUMP = "wild-jump"
    STACK_EXHAUSTION = "stack-overflow"
    BUS_ERROR = "bus-error"
    DIVISION_BY_ZERO = "division-by-zero"
    ILLEGAL_INSTRUCTION = "illegal-instruction"
    ASSERTION = "assertion"
    ABORT = "abort"
    UNCAUGHT_EXCEPTION = "uncaught-exception"
    STACK_SMASHING = "stack-smashing"
    HEAP_CORRUPTION = "heap-corruption"
    ARRAY_INDEX = "array-index-out-of-bounds"
    SIGNED_INTEGER_OVERFLOW = "signed-integer-overflow"
    SHIFT_EXPONENT = "shift-exponent"
    FLOAT_CAST = "float-cast-overflow"
    VLA_BOUND = "vla-bound"
    UNREACHABLE = "unreachable-code-reached"
    MISSING_RETURN = "missing-return"
    INVALID_BUILTIN = "invalid-builtin-use"
    UNDEFINED_BEHAVIOUR = "undefined-behaviour"
    ALLOCATION_SIZE = "allocation-size-too-big"
    MEMORY_EXHAUSTION = "memory-exhaustion"
    TIMEOUT = "timeout"
    LEAK = "memory-leak"
    FATAL_SIGNAL = "fatal-signal"
    SQL_INJECTION = "sql-injection"
    SHELL_INJECTION = "shell-injection"
    ARGUMENT_INJECTION = "argument-injection"
    PATH_TRAVERSAL = "path-traversal"
    CROSS_SITE_SCRIPTING = "cross-site-scripting"
    HEADER_INJECTION = "header-injection"
    OPEN_REDIRECT = "open-redirect"
    REQUEST_FORGERY = "request-forgery"
    XPATH_INJECTION = "xpath-injection"
    LDAP_INJECTION = "ldap-injection"
    REGEX_INJECTION = "regex-injection"
    LOG_INJECTION = "log-injection"
    TEMPLATE_INJECTION = "template-injection"
    XML_INJECTION = "xml-injection"
    EXTERNAL_ENTITY = "external-entity"
    CODE_INJECTION = "code-injection"
    UNSAFE_DESERIALISATION = "unsafe-deserialisation"
    UNTRUSTED_IMPORT = "untrusted-import"
    ARCHIVE_TRAVERSAL = "archive-traversal"
    SUPERLINEAR_TIME = "superlinear-time"
    TRUST_BOUNDARY = "trust-boundary"
    WEAK_HASH = "weak-hash"
    WEAK_CIPHER = "weak-cipher"
    WEAK_RANDOM = "weak-random"
    INSECURE_COOKIE = "insecure-cookie"


OBSERVED_FACTS = frozenset(
    {
        ViolationKind.TRUST_BOUNDARY,
        ViolationKind.WEAK_HASH,
        ViolationKind.WEAK_CIPHER,
        ViolationKind.WEAK_RANDOM,
        ViolationKind.INSECURE_COOKIE,
    }
)
"""Weak practices that were seen executed: told apart from what is proved (model/finding.py, FindingStatus)."""

SINK_VIOLATIONS = frozenset(
    {
        ViolationKind.SQL_INJECTION,
        ViolationKind.SHELL_INJECTION,
        ViolationKind.ARGUMENT_INJECTION,
        ViolationKind.PATH_TRAVERSAL,
        ViolationKind.CROSS_SITE_SCRIPTING,
        ViolationKind.HEADER_INJECTION,
        ViolationKind.OPEN_REDIRECT,
        ViolationKind.REQUEST_FORGERY,
        ViolationKind.XPATH_INJECTION,
        ViolationKind.LDAP_INJECTION,
        ViolationKind.REGEX_INJECTION,
        ViolationKind.LOG_INJECTION,
        ViolationKind.TEMPLATE_INJECTION,
        ViolationKind.XML_INJECTION,
        ViolationKind.EXTERNAL_ENTITY,
        ViolationKind.CODE_INJECTION,
        ViolationKind.UNSAFE_DESERIALISATION,
        ViolationKind.UNTRUSTED_IMPORT,
        ViolationKind.ARCHIVE_TRAVERSAL,
    }
)
"""Attacker data acts at a sink: it leaves its place in what is interpreted there, or chooses what is reached."""


class Access(StrEnum):
    """The direction of a bad access."""

    READ = "read"
    WRITE = "write"


PATTERN = "<pattern>"
"""What the place of a regular expression is called that has neither a function around it nor a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One stack frame; several frames share an address when functions were inlined (`inlined` is true but for the outermost).

    `file` is as the debug information names it (under /src for project code); line and column are 1-based, 0 if unknown.
    """

    function: str
    file: str = ""
    line: int = 0
    column: int = 0
    module: str = ""
    offset: int = 0
    address: int = 0
    inlined: bool = False
    accessor: bool = False
    """Only fetches or stores through a pointer that it is given: its caller is to blame."""
    pattern: str = ""
    """The regular expression (its beginning) that is made here: no call, but the place of what the next frame is matching. It is
    to blame, and no part of signatures: of several that a function matches it is chance which one a look at the clock meets."""

    @property
    def in_project(self) -> bool:
        """True when the frame is code of the project under analysis."""
        return self.file.startswith(PROJECT_ROOTS)

    @property
    def code(self) -> str:
        """What tells this frame's code from other code: the function (with its file where the language needs that);
        without symbols module and offset, else file and line."""
        if self.function:
            return f"{self.file}:{self.function}" if self.file.endswith(_NAMED_WITHIN_FILES) else self.function
        return f"{self.module}+{self.offset:#x}" if self.module else f"{self.file}:{self.line}"


class Relation(StrEnum):
    """Where a bad access lies, seen from the object that it missed."""

    BEFORE = "before"
    INSIDE = "inside"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The object that the access missed: "heap", "stack" or "global", its size in bytes, and by how far it was missed."""

    kind: str
    size: int
    relation: Relation
    distance: int
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One thing an oracle forbids, seen in one execution.

    `frames` are innermost first. `allocation` and `deallocation` are where a heap object was made and freed.
    `size` is the width of the bad access in bytes, or of the refused allocation; `address` the faulting address.
    """

    kind: ViolationKind
    detector: str
    message: str
    access: Access | None = None
    size: int = 0
    address: int | None = None
    region: Region | None = None
    frames: tuple[Frame, ...] = ()
    allocation: tuple[Frame, ...] = ()
    deallocation: tuple[Frame, ...] = ()

    @property
    def project_frames(self) -> tuple[Frame, ...]:
        """The frames in the project's own code, innermost first."""
        return tuple(f for f in self.frames if f.in_project)

    @property
    def place(self) -> Frame | None:
        """Where to point a person: the innermost project frame that is no accessor, else the innermost frame."""
        return next(iter(self._blamed), None)

    @property
    def _blamed(self) -> tuple[Frame, ...]:
        frames = self.project_frames or self.frames
        first = next((i for i, f in enumerate(frames) if not f.accessor), 0)
        return frames[first:]

    @property
    def signature(self) -> str:
        """Equal for violations of one kind through the same three innermost project functions.

        Resource violations have no stable innermost frame (the clock stops anywhere in a loop), so only their kind
        and the outermost project function count.
        """
        frames = [f for f in self._blamed if not f.pattern]
        counted = frames[-1:] if self.kind in _STOPPED_ANYWHERE else frames[:3]
        places = [f.code for f in counted]
        return hashlib.sha256("\0".join([self.kind, self.access or "", *places]).encode()).hexdigest()[:16]


_STOPPED_ANYWHERE = frozenset({ViolationKind.TIMEOUT, ViolationKind.MEMORY_EXHAUSTION, ViolationKind.STACK_EXHAUSTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """The oracle looked and saw nothing forbidden."""
