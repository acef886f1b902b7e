"""Derives argument forms for a built program from what it says about itself and from how its project calls it."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mithridate.languages.c.options import Form, Option, Take, options, positionals, with_getopt
from mithridate.languages.c.walk import head
from mithridate.model.entry import INPUT, OUTPUT
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.sandbox.interface import Sandbox

MAX_FORMS = 40
"""How many forms of one program are worth a run."""

QUESTIONS: tuple[Form, ...] = ((), ("--help",), ("-h",), ("-?",), ("/in/no-such-file",))
"""Arguments that make most programs explain themselves."""

_GENERIC: tuple[Form, ...] = (
    (INPUT,),
    (),
    (INPUT, OUTPUT),
    ("-i", INPUT),
    ("-f", INPUT),
    (INPUT, INPUT),
    ("-",),
    ("-d", INPUT),
    ("--input", INPUT),
)
_ASK_LIMITS = Limits(wall_s=1.0, output_bytes=64 << 10, processes=64)
_VOLATILE = re.compile(r"0x[0-9a-f]+|==\d+==|\b\d{4,}\b|/in/[\w.-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a program says about itself.

    `text` is all of it; `refusals` are fingerprints of its answers when it had no usable input; `unstartable` is why it
    cannot run here, or "".
    """

    text: str
    refusals: frozenset[str] = frozenset()
    unstartable: str = ""


@dataclass(frozen=True, slots=True)
class Forms:
    """Argument forms of one program in the order in which they are worth trying.

    `bases` feed the input and little else; `shown` are used by the project's own tests and documents;
    `options` are single options (with value) to be put before a base that works.
    """

    bases: tuple[Form, ...]
    shown: tuple[Form, ...] = ()
    options: tuple[Form, ...] = ()
    together: tuple[Form, ...] = ()

    def combined(self, base: Form) -> tuple[Form, ...]:
        """`base` with one option each, then with several switches at once."""
        rest = (*self.options, *self.together)
        return tuple(dict.fromkeys((*o, *base) for o in rest if not set(o) & {f for f in base if f.startswith("-")}))

    def flat(self, cap: int = MAX_FORMS) -> tuple[Form, ...]:
        """All forms in one ranked list, options combined with the first base, at most `cap`."""
        combined = self.combined(self.bases[0]) if self.bases else ()
        return tuple(dict.fromkeys((*self.bases[:4], *self.shown, *combined, *self.bases[4:])))[:cap]


def fingerprint(execution: Execution) -> str:
    """What a run said and how it ended, without what changes from run to run (addresses, numbers, the input's path)."""
    said = (execution.stdout + b"\0" + execution.stderr).decode("utf-8", "replace")
    return f"{execution.ending}:{execution.exit_code}:{_VOLATILE.sub('#', said)}"


def ask(program: str, sandbox: Sandbox, mounts: Sequence[Mount] = (), env: Mapping[str, str] | None = None) -> Usage:
    """Run `program` (path in the sandbox) with no, the usual help, and a wrong argument, and keep what it prints."""
    texts: list[str] = []
    refusals: set[str] = set()
    unstartable = ""
    for arguments in QUESTIONS:
        command = Command(argv=(program, *arguments), env=env or {}, stdin=b"")
        execution = sandbox.run(command, mounts, _ASK_LIMITS)
        said = (execution.stdout + b"\n" + execution.stderr).decode("utf-8", "replace")
        if execution.ending is Ending.EXITED and execution.exit_code in (126, 127) and "error while loading" in said:
            unstartable = said.strip().splitlines()[-1]
            break
        texts.append(said)
        refusals.add(fingerprint(execution))
        if execution.ending is Ending.WALL_LIMIT and not said.strip():
            break
    distinct = list(dict.fromkeys(t.strip() for t in texts if t.strip()))
    return Usage("\n\n".join(distinct)[: 256 << 10], frozenset(refusals), unstartable)


def forms(name: str, usage: str, shown: Iterable[Form] = (), optstrings: Sequence[str] = ()) -> Forms:
    """Ranked argument forms of the program called `name`.

    `usage` is its own text, `shown` the forms that `calls` found for it, `optstrings` getopt(3) strings in its binary.
    """
    base = positionals(usage, name)
    known: tuple[Option, ...] = options(usage)
    for optstring in optstrings:
        known = with_getopt(known, optstring)
    feeding = tuple(o.spelled(INPUT) for o in known if INPUT in o.values)
    bases = tuple(dict.fromkeys((*base, *_GENERIC[:3], *feeding[:6], *_GENERIC[3:])))
    return Forms(bases, _ranked(shown), _single(known), _together(known))


def program_name(path: str) -> str:
    """The name under which usage texts and scripts know the program: no directory, no libtool prefix, no extension."""
    name = PurePosixPath(path).name
    return re.sub(r"^lt-", "", re.sub(r"\.(exe|out|bin)$", "", name))


def getopt_strings(sources: Iterable[Path], strings: Collection[bytes]) -> tuple[str, ...]:
    """Option strings of getopt(3) calls in `sources` that also stand in the binary (`strings`): so they are this program's."""
    found: dict[str, None] = {}
    for source in sources:
        for literal in re.findall(rb'getopt\w{0,20}\s{0,20}\([^;"]{0,200}"([-+:]?[A-Za-z0-9:?]+)"', head(source, 1 << 20)):
            if literal in strings:
                found[literal.decode()] = None
    return tuple(found)


def _single(known: Sequence[Option]) -> tuple[Form, ...]:
    """One form an option: switches and first values first, then the further values."""
    first: list[Form] = []
    further: list[Form] = []
    for option in known:
        values = [v for v in option.values if v != INPUT]
        if option.take is Take.NOTHING:
            first.append(option.spelled())
        elif values:
            first.append(option.spelled(values[0]))
            further.extend(option.spelled(v) for v in values[1:])
    return tuple(dict.fromkeys((*first, *further)))


def _together(known: Sequence[Option]) -> tuple[Form, ...]:
    """Several options at once: every second one with its value, and all switches, the first half and the second half of them."""
    harmless = [
        o.spelled(*o.values[:1]) for o in known if o.take is Take.NOTHING or (o.values and o.values[0] not in (INPUT, OUTPUT))
    ]
    mixed = [tuple(w for words in harmless[start::2][:8] for w in words) for start in (0, 1)]
    return tuple(dict.fromkeys((*_switches(known), *(m for m in mixed if len(m) > 2))))


def _switches(known: Sequence[Option]) -> tuple[Form, ...]:
    switches = [o.flag for o in known if o.take is Take.NOTHING]
    if len(switches) < 2:
        return ()
    half = (len(switches) + 1) // 2
    groups = (switches[:12], switches[:half][:12], switches[half:][:12])
    return tuple(dict.fromkeys(tuple(g) for g in groups if len(g) > 1))


def _ranked(shown: Iterable[Form]) -> tuple[Form, ...]:
    """Forms seen more often first; those with fewer words first among equals."""
    counts: dict[Form, int] = {}
    for form in shown:
        counts[form] = counts.get(form, 0) + 1
    return tuple(sorted(counts, key=lambda f: (-min(counts[f], 3), len(f), f)))
