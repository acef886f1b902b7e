"""AddressSanitizer's report of one error, typed. The texts are those of clang 19's compiler-rt (lib/asan/asan_errors.cpp)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mithridate.model.violation import Access, Frame, Violation, ViolationKind
from mithridate.oracles.asan_wording import describe, describe_signal
from mithridate.oracles.missed_object import find_region
from mithridate.oracles.stack_frames import code_under_analysis, parse_stack_line
from mithridate.oracles.stack_reader import Stack, read_stacks

NULL_PAGE_BYTES = 0x10000
"""Accesses below this address count as null dereferences: the kernel maps nothing there (vm.mmap_min_addr)."""

REFUSED_AT_ONCE_BYTES = 1 << 40
"""ASan's own bound on one allocation (64-bit); a request beyond it says nothing about memory in use."""

_K = ViolationKind
_CLASSES: dict[str, ViolationKind] = {
    **{
        kind.value: kind
        for kind in (
            _K.HEAP_BUFFER_OVERFLOW,
            _K.STACK_BUFFER_OVERFLOW,
            _K.STACK_BUFFER_UNDERFLOW,
            _K.DYNAMIC_STACK_BUFFER_OVERFLOW,
            _K.GLOBAL_BUFFER_OVERFLOW,
            _K.CONTAINER_OVERFLOW,
            _K.HEAP_USE_AFTER_FREE,
            _K.STACK_USE_AFTER_RETURN,
            _K.STACK_USE_AFTER_SCOPE,
            _K.USE_AFTER_POISON,
            _K.ALLOC_DEALLOC_MISMATCH,
            _K.NEGATIVE_SIZE_PARAM,
        )
    },
    "heap-buffer-underflow": _K.HEAP_BUFFER_OVERFLOW,
    "unknown-crash": _K.UNKNOWN_ADDRESS_ACCESS,
    "wild-addr-read": _K.UNKNOWN_ADDRESS_ACCESS,
    "wild-addr-write": _K.UNKNOWN_ADDRESS_ACCESS,
    "wild-addr": _K.UNKNOWN_ADDRESS_ACCESS,
    "intra-object-overflow": _K.UNKNOWN_ADDRESS_ACCESS,
    "new-delete-type-mismatch": _K.ALLOC_DEALLOC_MISMATCH,
    "initialization-order-fiasco": _K.UNDEFINED_BEHAVIOUR,
    "odr-violation": _K.UNDEFINED_BEHAVIOUR,
    "invalid-pointer-pair": _K.UNDEFINED_BEHAVIOUR,
}
_PHRASES: tuple[tuple[str, ViolationKind], ...] = (
    ("attempting double-free", _K.DOUBLE_FREE),
    ("attempting free on address", _K.BAD_FREE),
    ("attempting to call malloc_usable_size()", _K.BAD_FREE),
    ("attempting to call __sanitizer_get_allocated_size()", _K.BAD_FREE),
    ("calloc parameters overflow", _K.ALLOCATION_SIZE),
    ("reallocarray parameters overflow", _K.ALLOCATION_SIZE),
    ("pvalloc parameters overflow", _K.ALLOCATION_SIZE),
    ("requested allocation size", _K.ALLOCATION_SIZE),
    ("specified RSS limit exceeded", _K.MEMORY_EXHAUSTION),
    ("allocator exceeded the RSS limit", _K.MEMORY_EXHAUSTION),
    ("out of memory", _K.MEMORY_EXHAUSTION),
    ("hard rss limit exhausted", _K.MEMORY_EXHAUSTION),
    ("invalid alignment requested", _K.UNDEFINED_BEHAVIOUR),
    ("invalid allocation alignment", _K.UNDEFINED_BEHAVIOUR),
    ("bad parameters to __sanitizer_", _K.UNDEFINED_BEHAVIOUR),
)
_SUMMARIES: dict[str, ViolationKind] = {
    "double-free": _K.DOUBLE_FREE,
    "bad-free": _K.BAD_FREE,
    "bad-malloc_usable_size": _K.BAD_FREE,
    "calloc-overflow": _K.ALLOCATION_SIZE,
    "reallocarray-overflow": _K.ALLOCATION_SIZE,
    "pvalloc-overflow": _K.ALLOCATION_SIZE,
    "allocation-size-too-big": _K.ALLOCATION_SIZE,
    "rss-limit-exceeded": _K.MEMORY_EXHAUSTION,
    "out-of-memory": _K.MEMORY_EXHAUSTION,
    "undefined-behavior": _K.UNDEFINED_BEHAVIOUR,
}
"""Names of errors in SUMMARY lines where they differ from the error's own first line."""

_SIGNALS: dict[str, ViolationKind] = {
    "BUS": _K.BUS_ERROR,
    "FPE": _K.DIVISION_BY_ZERO,
    "ILL": _K.ILLEGAL_INSTRUCTION,
    "ABRT": _K.ABORT,
    "TRAP": _K.FATAL_SIGNAL,
    "stack-overflow": _K.STACK_EXHAUSTION,
}
_SIGNAL = re.compile(
    r"(?P<name>[\w-]+(?: SIGNAL)?) on (?:unknown )?address(?: 0x(?P<address>[0-9a-f]+))? ?\(pc 0x(?P<pc>[0-9a-f]+)", re.IGNORECASE
)
_ACCESS = re.compile(r"(READ|WRITE|ACCESS) of size (\d{1,20}) at 0x([0-9a-f]{1,16}) thread T\d+")
_CAUSE = re.compile(r"==\d+==The signal is caused by an? (READ|WRITE|UNKNOWN) memory access")
_HINT = re.compile(r"==\d+==Hint: (.*)")
_ADDRESS = re.compile(r" on (?:address )?0x([0-9a-f]{1,16})\b|-ed: 0x([0-9a-f]{1,16})\b|not owned: 0x([0-9a-f]{1,16})\b")
_REQUEST = re.compile(r"(?:allocation size|trying to allocate|parameters overflow: size) 0x([0-9a-f]{1,16})")


@dataclass(frozen=True, slots=True)
class _Fault:
    """What the first lines of a report say, before its stacks."""

    kind: ViolationKind
    access: Access | None = None
    size: int = 0
    address: int | None = None
    signal: bool = False


def parse_error(head: str, body: Sequence[str], detector: str) -> Violation:
    """One error. `head` is the line's text after "ERROR: AddressSanitizer: ", `body` the lines up to the next error."""
    fault = _signal_fault(head, body) or _checked_fault(head, body)
    stacks = read_stacks(body)
    region = None if fault.signal else find_region(body)
    frames = code_under_analysis(stacks.of(Stack.ACCESS), instrumented=not fault.signal)
    if fault.kind is _K.STACK_EXHAUSTION:
        frames = settle_recursion(frames)
    return Violation(
        kind=fault.kind,
        detector=detector,
        message=describe(head, fault.access, fault.size, region) if not fault.signal else describe_signal(head, fault.access),
        access=fault.access,
        size=fault.size,
        address=fault.address,
        region=region,
        frames=frames,
        allocation=code_under_analysis(stacks.of(Stack.ALLOCATION)),
        deallocation=code_under_analysis(stacks.of(Stack.DEALLOCATION)),
    )


def parse_summary(text: str, detector: str) -> Violation:
    """The error that a lone SUMMARY line tells of, when what stood before it is lost.

    `text` follows "SUMMARY: AddressSanitizer: ", such as `heap-buffer-overflow /src/a.c:3:7 in main`.
    """
    name, _, rest = text.partition(" ")
    place, _, function = rest.rpartition(" in ")
    parsed = parse_stack_line(f"#0 0x0 in {function or '??'} {place or rest}")
    kind = _K.WILD_POINTER if name == "SEGV" else _SIGNALS.get(name) or _SUMMARIES.get(name) or _kind(name)
    frames = code_under_analysis((parsed.frame,) if parsed else ())
    return Violation(kind=kind, detector=detector, message=f"{name} (only the summary of its report is left)", frames=frames)


def _signal_fault(head: str, body: Sequence[str]) -> _Fault | None:
    match = _SIGNAL.match(head)
    if match is None:
        return None
    name, pc = match["name"], int(match["pc"][-16:], 16)
    address = int(match["address"][-16:], 16) if match["address"] else None
    access = next((_access(m[1]) for m in map(_CAUSE.match, body) if m), None)
    hints = " ".join(m[1] for m in map(_HINT.match, body) if m)
    if name != "SEGV":
        kind = _SIGNALS.get(name, _K.FATAL_SIGNAL)
        faulting = address if kind in {_K.BUS_ERROR, _K.STACK_EXHAUSTION} else None
        return _Fault(kind, access=access if kind is _K.BUS_ERROR else None, address=faulting, signal=True)
    if "high value address" in hints:
        address = None
    if "PC is at a non-executable region" in hints or "pc points to the zero page" in hints or address == pc:
        return _Fault(_K.WILD_JUMP, address=pc, signal=True)
    null = address is not None and address < NULL_PAGE_BYTES
    return _Fault(_K.NULL_DEREFERENCE if null else _K.WILD_POINTER, access=access, address=address, signal=True)


def _checked_fault(head: str, body: Sequence[str]) -> _Fault:
    kind = _kind(head)
    accessed = next((m for m in map(_ACCESS.match, body[:8]) if m), None)
    if accessed is not None:
        return _Fault(kind, access=_access(accessed[1]), size=int(accessed[2]), address=int(accessed[3], 16))
    located = _ADDRESS.search(head)
    address = int(next(g for g in located.groups() if g), 16) if located else None
    request = _REQUEST.search(head)
    size = int(request[1], 16) if request else 0
    if kind is _K.MEMORY_EXHAUSTION and size >= REFUSED_AT_ONCE_BYTES:
        kind = _K.ALLOCATION_SIZE
    return _Fault(kind, size=size, address=address)


def _kind(head: str) -> ViolationKind:
    for phrase, kind in _PHRASES:
        if head.startswith(phrase):
            return kind
    name = re.split(r"[\s:(]", head, maxsplit=1)[0]
    if name.endswith("-param-overlap"):
        return _K.PARAM_OVERLAP
    return _CLASSES.get(name, _K.UNKNOWN_ADDRESS_ACCESS)


def _access(word: str) -> Access | None:
    return {"READ": Access.READ, "WRITE": Access.WRITE}.get(word)


def settle_recursion(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """The frames of an exhausted stack, cut so that the outermost does not depend on where the printing stopped.

    ASan prints the innermost 256 frames, so that the last one is any function of the cycle. What recurs most (and of several such
    the first in alphabetical order) becomes the outermost. A stack that holds no recursion is left alone.
    """
    counted = [f for f in frames if f.in_project] or list(frames)
    counts: dict[str, int] = {}
    for frame in counted:
        counts[frame.code] = counts.get(frame.code, 0) + 1
    often = max(counts.values(), default=0)
    if often < 3:
        return frames
    chosen = min(name for name, count in counts.items() if 2 * count > often)
    last = max(i for i, frame in enumerate(frames) if frame.code == chosen)
    return frames[: last + 1]
