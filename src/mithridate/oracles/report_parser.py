"""From what a process wrote to stderr to typed violations. Best effort on cut or garbled text: it never raises."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

from mithridate.model.violation import Violation, ViolationKind
from mithridate.oracles import asan_report, ubsan_report
from mithridate.oracles.detector import Detector
from mithridate.oracles.process_messages import LastWords, kind_by_way, parse_last_words
from mithridate.oracles.stack_frames import code_under_analysis, parse_stack_line
from mithridate.oracles.stack_reader import Stack, read_stacks

_ERROR = re.compile(r"==\d{1,10}==\s?ERROR: (\w+Sanitizer|libFuzzer): (.*)")
_LIMIT = re.compile(r"==\d{1,10}==\s?(\w+Sanitizer): (hard rss limit exhausted .*)")
_SUMMARY = re.compile(r"SUMMARY: (AddressSanitizer|UndefinedBehaviorSanitizer): (?!\d+ byte\(s\) leaked)(.*)")
_NEVER_LAST_WORDS = frozenset(" \t0=")
_LONGEST_LINE = 16384
_REMEMBERED = 4
"""Reports whose parsing is kept: several ask about one execution, one after the other, with a few executions side by side."""

_LEAK = re.compile(r"(Direct|Indirect) leak of (\d{1,15}) byte\(s\) in (\d{1,15}) object\(s\) allocated from:")
_LIBFUZZER: tuple[tuple[str, ViolationKind], ...] = (
    ("timeout", ViolationKind.TIMEOUT),
    ("out-of-memory", ViolationKind.MEMORY_EXHAUSTION),
)
_DETECTORS = {d.value: d for d in Detector}


@dataclass(slots=True)
class _Section:
    """One error's lines: its head (of the sort that decides who reads it), and what follows up to the next head."""

    head: "_Head"
    body: list[str] = field(default_factory=list)
    words: LastWords | None = None


@dataclass(frozen=True, slots=True)
class _Banner:
    tool: str
    text: str


@dataclass(frozen=True, slots=True)
class _Summary:
    tool: str
    text: str


_Head = _Banner | _Summary | ubsan_report.ReportedError | LastWords


@lru_cache(maxsize=_REMEMBERED)
def parse_report(text: bytes) -> tuple[Violation, ...]:
    """All violations that `text` (stderr of one execution) reports, in its order.

    Several sanitizers may have spoken, and each several times. An abort that follows an assertion, a heap check or an
    uncaught exception is one violation with it. Never raises.
    """
    return tuple(v for section in _sections(text) for v in _read(section))


def _sections(text: bytes) -> list[_Section]:
    """Cut the text at the first line of each error.

    Last words are folded into the abort that follows them; a SUMMARY line counts only when its error's own lines are lost.
    """
    sections: list[_Section] = []
    open_error = False
    lines = [line[:_LONGEST_LINE].rstrip("\r") for line in text.decode("utf-8", "replace").split("\n")]
    for i, line in enumerate(lines):
        head = _head(line, lines[i + 1] if i + 1 < len(lines) else "")
        last = sections[-1] if sections else None
        if isinstance(head, _Summary) and open_error:
            open_error = False
        elif head is None or (isinstance(head, LastWords) and last is not None and isinstance(last.head, LastWords)):
            if last is not None:
                last.body.append(line)
        elif last is not None and isinstance(last.head, LastWords) and _is_abort(head):
            sections[-1] = _Section(head, words=last.head)
            open_error = True
        else:
            sections.append(_Section(head))
            open_error = isinstance(head, _Banner | ubsan_report.ReportedError)
    return sections


def _is_abort(head: "_Head") -> bool:
    return isinstance(head, _Banner) and head.text.startswith("ABRT ")


def _head(line: str, following: str) -> "_Head | None":
    """What begins at this line. Cheap tests come first: most lines of a long text begin nothing."""
    if "==" in line:
        match = _ERROR.search(line) or _LIMIT.search(line)
        if match is not None:
            return _Banner(match[1], match[2])
    if ": runtime error: " in line:
        return ubsan_report.parse_head(line)
    if line[:1] in _NEVER_LAST_WORDS:
        return None
    if line.startswith("SUMMARY: "):
        match = _SUMMARY.match(line)
        return _Summary(match[1], match[2]) if match is not None else None
    return parse_last_words(line, following)


def _read(section: _Section) -> Iterator[Violation]:
    head = section.head
    if isinstance(head, ubsan_report.ReportedError):
        yield ubsan_report.parse_error(head, section.body)
    elif isinstance(head, LastWords):
        if head.certain:
            yield _spoken(head)
    elif isinstance(head, _Summary):
        yield asan_report.parse_summary(head.text, _DETECTORS.get(head.tool, head.tool))
    elif head.tool == Detector.LEAK_SANITIZER:
        yield from _leaks(section.body)
    elif head.tool == Detector.LIBFUZZER:
        yield from _libfuzzer(head, section.body)
    else:
        violation = asan_report.parse_error(head.text, section.body, _DETECTORS.get(head.tool, head.tool))
        yield _explained(violation, section)


def _spoken(words: LastWords) -> Violation:
    frames = (words.frame,) if words.frame else ()
    return Violation(kind=words.kind, detector=Detector.C_LIBRARY, message=words.message, frames=frames)


def _explained(violation: Violation, section: _Section) -> Violation:
    """An abort's kind and message are those of the last words before it, else what the functions on its way tell."""
    if violation.kind is not ViolationKind.ABORT:
        return violation
    if section.words is None:
        functions = tuple(p.frame.function for p in map(parse_stack_line, section.body) if p is not None)
        return replace(violation, kind=kind_by_way(functions))
    spoken = section.words.frame
    frames = violation.frames or ((spoken,) if spoken else ())
    return replace(violation, kind=section.words.kind, message=section.words.message, frames=frames)


def _leaks(body: list[str]) -> Iterator[Violation]:
    starts = [i for i, line in enumerate(body) if _LEAK.match(line)]
    for start, end in pairwise([*starts, len(body)]):
        match = _LEAK.match(body[start])
        if match is None or (match[1] == "Indirect" and start != starts[0]):
            continue
        made = code_under_analysis(read_stacks(body[start:end]).of(Stack.ALLOCATION))
        yield Violation(
            kind=ViolationKind.LEAK,
            detector=Detector.LEAK_SANITIZER,
            message=f"{match[1].lower()} leak of {match[2]} bytes in {match[3]} objects",
            size=int(match[2]),
            frames=made,
            allocation=made,
        )


def _libfuzzer(head: _Banner, body: list[str]) -> Iterator[Violation]:
    for phrase, kind in _LIBFUZZER:
        if head.text.startswith(phrase):
            frames = code_under_analysis(read_stacks(body).of(Stack.ACCESS))
            yield Violation(kind=kind, detector=Detector.LIBFUZZER, message=head.text[:500].strip(), frames=frames)
            return
    if head.text.startswith("deadly signal"):
        frames = code_under_analysis(read_stacks(body).of(Stack.ACCESS))
        yield Violation(
            kind=ViolationKind.FATAL_SIGNAL, detector=Detector.LIBFUZZER, message=head.text[:500].strip(), frames=frames
        )
