"""Reads stack frames out of sanitizer reports, and knows which of them are machinery rather than code under analysis.

The rule for machinery, applied to every stack:

1. Frames of the sanitizer runtime, of libFuzzer's and AFL++'s drivers and of process or thread start (`_start`,
   `__libc_start_main`, `clone`, ...) are dropped wherever they stand.
2. At the top (innermost), frames of the C and C++ libraries and of interceptors (`memcpy`, `free`, `operator new`, the way
   from `abort` to `raise`), and frames of no module at all (the target of a wild jump), are dropped too, until the first
   frame of somebody else's code. In the middle they stay (`qsort` between two project frames is part of the story).
3. At the bottom (outermost), frames of the C library are dropped: they started the program or the thread.
4. A report that is not of a signal comes from instrumented code, or from an interceptor called by it. Interceptors have no
   debug information, so leading frames without a source file are dropped as well, if any frame with one follows.
5. A step that would leave nothing is not taken.

Without symbols only the module of a frame is known, so that interceptors linked into the executable cannot be told from
the program.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from mithridate.model.violation import Frame

_LONGEST_LINE = 8192
_REMEMBERED = 2048
_FRAME = re.compile(r"\s*#(\d{1,6})\s+0x([0-9a-f]{1,16})\s*(in )?(.*)", re.IGNORECASE)
_BUILD_ID = re.compile(r" \(BuildId: [0-9a-f]*\)$")
_MODULE_OFFSET = re.compile(r"\((.*)\+0x([0-9a-f]{1,16})\)$")
_BARE_FILE = re.compile(r"[^()<>*&,;\s]+\.\w[\w+]{0,4}(?::\d+){0,2}$")
_LINE_COLUMN = re.compile(r":(\d{1,9})(?::(\d{1,9}))?$")

_MACHINERY = re.compile(
    r"""__(?:asan|ubsan|lsan|sanitizer|interception|sancov|afl)_ | _{2,3}interceptor_
        | (?:__asan|__ubsan|__lsan|__sanitizer|__interception|fuzzer):: | asan_thread_start | LLVMFuzzerRunDriver
        | (?:_start|__libc_start_main(?:_impl|@.*)?|__libc_start_call_main|start_thread|(?:__)?clone3?)$""",
    re.VERBOSE,
)
_MACHINERY_FILE = re.compile(r"(?:asan|ubsan|lsan|sanitizer)_\w+\.(?:cpp|h|inc)(?:\.o)?$|Fuzzer\w+\.(?:cpp|h)$")
_RUNTIME_TREE = "compiler-rt/lib/"
_LONGEST_LIBRARY_NAME = 200
_AFL_DRIVER = "/aflpp_driver.c"
_LIBRARY_MODULE = re.compile(
    r"(?:libc|libm|libpthread|linux-gate|linux-vdso|ld-linux[\w-]*|libstdc\+\+|libc\+\+(?:abi)?|libgcc_s|libclang_rt[\w.-]*)[.-]\S*$"
)
_LIBRARY_FILE = re.compile(
    r"(?:\./)?(?:[\w-]+/\.\./)?(?:sysdeps|nptl|csu|string|stdlib|signal|assert|libio|debug|malloc|misc|stdio-common|posix"
    r"|wcsmbs|time|io|socket|elf|setjmp|ctype|iconv|locale|math|dirent|grp|pwd|inet|intl|resolv|rt|nss)/"
)
_LIBRARY_FUNCTION = re.compile(
    r"""(?: operator\ (?:new|delete)\b.* | std::(?:terminate|__throw_\w+|rethrow_exception)\b.* | __cxa_\w+ | __gnu_cxx::.*
      | __cxxabiv1::.* | __clang_call_terminate | (?:__libc_|__GI_|__)?(?:
            malloc|calloc|realloc|reallocarray|c?free|memalign|aligned_alloc|posix_memalign|p?valloc|malloc_usable_size
            |str\w+|mem(?:cpy|move|set|r?chr|cmp|mem|pcpy|ccpy)\w*|wcs\w+|wmem\w+|bcmp|bcopy|bzero|r?index|ato(?:f|i|ll?)
            |v?[sd]?n?f?w?printf|v?[sf]?w?scanf|v?asprintf|f?puts|fputc|f?read|f?write|p(?:read|write)\w*|readv|writev
            |recv\w*|send\w*|getline|getdelim|f?gets|qsort\w*|bsearch|raise|abort|gsignal|pthread_\w+|kill|tgkill
            |realpath|getenv|setenv|\w+_chk|assert_fail\w*|assert_perror_fail|libc_message\w*|fortify_fail\w*
            |stack_chk_fail\w*|chk_fail|mktime|localtime\w*|gmtime\w*|(?:sig)?longjmp|vfprintf_internal
        )(?:_(?:avx|sse|evex|erms|unaligned|ssse)\w*)?(?:@.*)?
    )$""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class StackLine:
    """One numbered line of a printed stack."""

    number: int
    frame: Frame


def parse_stack_line(line: str) -> StackLine | None:
    """The frame in a line such as `    #1 0x55d0 in main /src/a.c:3:5`, or None when the line is something else.

    Understands symbolised and bare frames, with or without build id, column, source file or module.
    """
    if "#" not in line:
        return None
    match = _FRAME.match(line[:_LONGEST_LINE])
    if match is None:
        return None
    number, address, named, rest = match.groups()
    code = _code(rest, named=bool(named))
    frame = Frame(
        function=code.function,
        file=code.file,
        line=code.line,
        column=code.column,
        module=code.module,
        offset=code.offset,
        address=int(address, 16),
    )
    return StackLine(int(number), frame)


@lru_cache(maxsize=_REMEMBERED)
def _code(text: str, *, named: bool) -> Frame:
    """The frame, but for its address, of what a line says behind that. A program's reports name the same few places again."""
    text = _BUILD_ID.sub("", text.rstrip())
    function, place = _split(text) if named else ("", text)
    return _located(Frame(function=_clean_name(function)), place)


def _split(text: str) -> tuple[str, str]:
    """Function and place of `operator new[](unsigned long) (/bin/x+0x1)` or `ns::f(int) const /src/a b.cpp:1:2`.

    Modules and files of programs are absolute paths, and no demangled name holds " /" or " (/". The C library's files may be
    relative.
    """
    for start in (" (/", " /", " (<", " ([", " (linux-"):
        at = text.find(start)
        if at > 0:
            return text[:at], text[at + 1 :]
    head, _, tail = text.rpartition(" ")
    if head and (_BARE_FILE.match(tail) or tail.startswith("<null>")):
        return head, tail
    if head and _MODULE_OFFSET.match(tail):
        return head, tail
    return text, ""


def _located(frame: Frame, place: str) -> Frame:
    if place.startswith("("):
        match = _MODULE_OFFSET.match(place)
        return replace(frame, module=match[1], offset=int(match[2], 16)) if match else frame
    if not place or place.startswith("<"):
        return frame
    match = _LINE_COLUMN.search(place)
    if match is None:
        return replace(frame, file=place)
    return replace(frame, file=place[: match.start()], line=int(match[1]), column=int(match[2] or 0))


def _clean_name(function: str) -> str:
    return "" if function.strip() in {"??", "<null>", "<unknown>"} else function.strip()


def mark_inlined(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """The same frames, with `inlined` set on all but the outermost of each group that shares an address.

    A recursive call returns to the same address too; a group therefore ends where its first function comes again.
    """
    marked: list[Frame] = []
    start = 0
    for i, frame in enumerate(frames):
        if i + 1 < len(frames) and frames[i + 1].address == frame.address and frame.address:
            again = _same_code(frames[i + 1], frames[start])
            marked.append(frame if again else replace(frame, inlined=True))
            start = i + 1 if again else start
        else:
            marked.append(frame)
            start = i + 1
    return tuple(marked)


def _same_code(one: Frame, other: Frame) -> bool:
    return (one.function, one.file, one.line, one.column) == (other.function, other.file, other.line, other.column)


def is_machinery(frame: Frame) -> bool:
    """True for frames of a sanitizer's runtime, a fuzzer's driver, or process and thread start."""
    if frame.in_project:
        return frame.file.endswith(_AFL_DRIVER)
    return _names_machinery(frame.function, frame.file)


@lru_cache(maxsize=_REMEMBERED)
def _names_machinery(function: str, file: str) -> bool:
    return bool(_MACHINERY.match(function) or _MACHINERY_FILE.match(_base(file)) or _RUNTIME_TREE in file)


def is_library(frame: Frame) -> bool:
    """True for frames of the C and C++ runtime libraries, for interceptors of their functions, and for no code at all."""
    if frame.in_project:
        return False
    if not (frame.function or frame.module or frame.file):
        return True
    return _names_library(frame.function, frame.file, frame.module)


@lru_cache(maxsize=_REMEMBERED)
def _names_library(function: str, file: str, module: str) -> bool:
    if _LIBRARY_MODULE.match(_base(module)) or _LIBRARY_FILE.match(file):
        return True
    return not file and bool(_LIBRARY_FUNCTION.match(function[:_LONGEST_LIBRARY_NAME]))


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def code_under_analysis(frames: Iterable[Frame], *, instrumented: bool = False) -> tuple[Frame, ...]:
    """The frames without machinery, innermost first (the module's docstring has the rule).

    `instrumented`: the stack comes from a check inside instrumented code, not from a signal.
    """
    everything = tuple(frames)
    kept = tuple(f for f in everything if not is_machinery(f)) or everything
    own = _without_leading(kept, is_library) or kept
    own = _without_leading(own[::-1], is_library)[::-1] or own
    if instrumented and any(f.file for f in own):
        own = _without_leading(own, lambda f: not f.file)
    return own


def _without_leading(frames: tuple[Frame, ...], unwanted: Callable[[Frame], bool]) -> tuple[Frame, ...]:
    for i, frame in enumerate(frames):
        if not unwanted(frame):
            return frames[i:]
    return ()
