"""Last words of a process that ends itself: assertions, the C library's heap checks, uncaught exceptions, libFuzzer's banners."""

import re
from dataclasses import dataclass

from mithridate.model.violation import Frame, ViolationKind

_K = ViolationKind
_LONGEST = 1000
_ASSERTION_MARKS = (": Assertion `", ": Assertion '")
_HEAP_CHECK = re.compile(
    r"(?:free|malloc|realloc|calloc|memalign|malloc_consolidate|munmap_chunk|mremap_chunk|_int_\w+|unlink_chunk)\(\): "
    r"|double free or corruption|corrupted (?:size vs\. prev_size|double-linked list)|invalid fastbin entry|malloc: "
)
_GLIBC_BANNER = re.compile(r"\*\*\* (.{1,300}?) \*\*\*: ")
_TERMINATE = re.compile(
    r"terminate called (?:after throwing an instance of|without an active exception|recursively)|libc\+\+abi: terminating"
)
_WHAT = re.compile(r"  what\(\):  (.*)")
_NUMBERED = re.compile(r":(\d{1,9}): ")


@dataclass(frozen=True, slots=True)
class LastWords:
    """What a process said before it aborted. `certain`: the text alone proves it, even without the abort that must follow."""

    kind: ViolationKind
    message: str
    frame: Frame | None = None
    certain: bool = True


def parse_last_words(line: str, following: str = "") -> LastWords | None:
    """What this line says about the end of its process, or None. `following` is the next line (an exception's text)."""
    line = line[:_LONGEST]
    for mark in _ASSERTION_MARKS:
        if mark in line and "failed" in line:
            return _assertion(line, line.index(mark))
    banner = _GLIBC_BANNER.match(line)
    if banner is not None:
        guarded = banner[1] in {"stack smashing detected", "buffer overflow detected"}
        return LastWords(_K.STACK_SMASHING if guarded else _K.ABORT, banner[1])
    if _HEAP_CHECK.match(line):
        return LastWords(_K.HEAP_CORRUPTION, line.strip())
    if _TERMINATE.match(line):
        what = _WHAT.match(following[:_LONGEST])
        return LastWords(_K.UNCAUGHT_EXCEPTION, line.strip() + (f": {what[1]}" if what else ""))
    lowered = line.lower()
    if "assertion" in lowered and "failed" in lowered:
        return LastWords(_K.ASSERTION, line.strip(), certain=False)
    return None


def _assertion(line: str, at: int) -> LastWords:
    """`program: file:line: function: Assertion ...`, as glibc and libstdc++ print it."""
    head, message = line[:at], line[at + 2 :].strip()
    number = _NUMBERED.search(head)
    if number is None:
        return LastWords(_K.ASSERTION, message)
    file = head[: number.start()].rpartition(": ")[2]
    return LastWords(_K.ASSERTION, message, Frame(function=head[number.end() :].strip(), file=file, line=int(number[1])))


_THROUGH: tuple[tuple[re.Pattern[str], ViolationKind], ...] = (
    (re.compile(r"__stack_chk_fail|__chk_fail"), _K.STACK_SMASHING),
    (re.compile(r"__assert_fail|__assert_perror_fail|std::__glibcxx_assert_fail|__assert13?$"), _K.ASSERTION),
    (re.compile(r"std::terminate|__cxa_throw|std::__throw_|__cxxabiv1::"), _K.UNCAUGHT_EXCEPTION),
    (re.compile(r"malloc_printerr"), _K.HEAP_CORRUPTION),
)


def kind_by_way(functions: tuple[str, ...]) -> ViolationKind:
    """What kind of abort it was, by the library functions that led to it; for reports whose words are lost."""
    for pattern, kind in _THROUGH:
        if any(pattern.match(f) for f in functions):
            return kind
    return _K.ABORT
