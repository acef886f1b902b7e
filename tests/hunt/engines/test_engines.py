"""Both engines, really run, on a program whose flaw lies behind a magic value."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mithridate.hunt.engines.libfuzzer import LibFuzzer, _Reading
from mithridate.hunt.engines.registry import create
from mithridate.hunt.scheduler import Scheduler
from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.execution import Command, Ending, Execution
from mithridate.model.project import Flavour, Skipped
from mithridate.model.search import SearchResult, SearchSlice
from mithridate.sandbox.bubblewrap import Bubblewrap

from ...languages.c.in_process import entry, program

BEHIND_MAGIC = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int c, char **v) {
    unsigned char b[64] = {0};
    FILE *f = fopen(v[1], "rb");
    if (!f || fread(b, 1, sizeof b, f) < 12) exit(2);
    unsigned long long magic;
    memcpy(&magic, b, 8);
    if ((magic & 0xffffffffffffff) != 0x4c45435241507fULL) exit(1);
    if (*(unsigned *)(b + 8) != 0x1badcafe) exit(1);
    char *volatile p = malloc(4);
    p[b[7]] = 1;
    return 0;
}
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> EntryPoint:
    place = tmp_path_factory.mktemp("target")
    cache = tmp_path_factory.mktemp("cache")
    fuzz = program(place, cache, BEHIND_MAGIC, Flavour.FUZZ)
    afl = program(place, cache, BEHIND_MAGIC, Flavour.AFL)
    return entry(fuzz, afl)


def slice_of(entry_: EntryPoint, place: Path, seconds: float, seed: int = 1) -> SearchSlice:
    for name in ("corpus", "candidates", "work"):
        (place / name).mkdir(parents=True, exist_ok=True)
    (place / "corpus" / "seed").write_bytes(b"hello world, this is a seed")
    return SearchSlice(
        entry=entry_,
        seconds=seconds,
        seed=seed,
        corpus=place / "corpus",
        foreign=(),
        candidates=place / "candidates",
        work=place / "work",
        dictionary=None,
        memory_bytes=2 << 30,
        input_bytes=256,
    )


def first_found(work: SearchSlice) -> list[bytes]:
    """What libFuzzer finds; the slice ends with the first of it."""
    found, over = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            if any(work.candidates.iterdir()):
                found.set()

    threading.Thread(target=watch, daemon=True).start()
    try:
        return [path.read_bytes() for path in LibFuzzer().search(work, Bubblewrap(), None, found).candidates]
    finally:
        over.set()


@pytest.mark.parametrize("name", ["libfuzzer", "afl++"])
def test_an_engine_gets_past_magic_values_and_goes_on_after_the_violation(name, target, tmp_path) -> None:
    sandbox = Bubblewrap()
    results: list[SearchResult] = []
    ticks: list[tuple[int, int, int, int]] = []
    for turn in range(6):  # enough slices for a busy machine; one is usually enough
        result = create(name).search(slice_of(target, tmp_path, 8, turn), sandbox, lambda *seen: ticks.append(seen))
        results.append(result)
        if result.candidates:
            break
    assert results[-1].candidates, results
    assert all(p.read_bytes().startswith(b"\x7fPARCEL") for p in results[-1].candidates)
    assert results[-1].executions > 100
    assert results[-1].failure is None
    assert 0 < results[-1].covered <= results[-1].edges
    assert results[-1].corpus_units > 1


def test_what_is_given_and_nothing_else_is_run(target, tmp_path) -> None:
    work = replace(slice_of(target, tmp_path, 60), given_only=True)
    fires = b"\x7fPARCEL\x06" + (0x1BADCAFE).to_bytes(4, "little")
    for number in range(40):
        (tmp_path / "corpus" / f"{number}").write_bytes(b"input %d" % number)
    (tmp_path / "corpus" / "fires").write_bytes(fires)
    result = LibFuzzer().search(work, Bubblewrap())
    assert [path.read_bytes() for path in result.candidates] == [fires]
    assert 42 <= result.executions <= 44, "each once, and the empty one"
    assert result.restarts == 0 and result.failure is None


@pytest.mark.parametrize("name", ["libfuzzer", "afl++"])
def test_a_cancelled_slice_ends_soon_and_keeps_its_corpus(name, target, tmp_path) -> None:
    cancel = threading.Event()
    threading.Timer(3, cancel.set).start()
    result = create(name).search(slice_of(target, tmp_path, 300), Bubblewrap(), None, cancel)
    assert result.wall_s < 150
    assert (tmp_path / "corpus" / "seed").exists()


def test_a_target_that_does_not_start_is_a_tool_failure_and_no_violation(target, tmp_path) -> None:
    broken = entry(Binary(flavour=Flavour.FUZZ, directory=target.binaries[0].directory, path="/build/absent", in_process=True))
    result = create("libfuzzer").search(slice_of(broken, tmp_path, 5), Bubblewrap())
    assert result.failure is not None
    assert result.candidates == ()
    assert result.executions == 0


def test_engines_say_why_they_refuse_an_entry_point() -> None:
    nothing = entry()
    for name in ("libfuzzer", "afl++"):
        assert isinstance(create(name).accepts(nothing), Skipped)


def test_an_unknown_engine_is_the_callers_mistake() -> None:
    with pytest.raises(UsageError, match="no engine named 'honggfuzz'"):
        create("honggfuzz")


BEHIND_A_LETTER = """
#include <stdio.h>
#include <stdlib.h>
int main(int c, char **v) {
    FILE *f = fopen(v[1], "rb");
    if (!f || fgetc(f) != 'P') exit(1);
    char *volatile p = malloc(4);
    p[fgetc(f) & 15] = 1;
    return 0;
}
"""


def test_afl_runs_programs_that_cannot_be_run_in_process(tmp_path, tmp_path_factory) -> None:
    forked = program(tmp_path / "p", tmp_path_factory.mktemp("cache"), BEHIND_A_LETTER, Flavour.AFL, in_process=False)
    for turn in range(6):
        result = create("afl++").search(slice_of(entry(forked), tmp_path / "s", 8, turn), Bubblewrap())
        if result.candidates:
            break
    assert result.candidates
    assert all(p.read_bytes().startswith(b"P") for p in result.candidates)
    assert result.failure is None


def test_the_minimiser_keeps_what_the_flaw_needs_and_drops_the_rest(target) -> None:
    proof = b"\x7fPARCEL\x06" + (0x1BADCAFE).to_bytes(4, "little") + b"." * 180
    smaller = LibFuzzer().minimise(target, proof, 10, Bubblewrap())
    assert smaller is not None
    assert len(smaller) < 40
    assert smaller[:7] == proof[:7]
    assert smaller[8:12] == proof[8:12]


def test_the_minimiser_makes_nothing_of_an_input_that_does_not_fire(target) -> None:
    assert LibFuzzer().minimise(target, b"harmless" * 20, 3, Bubblewrap()) is None


SESSION = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int equal(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
static int line(char *b, int n) {
    int i = 0;
    while (i < n - 1 && read(0, b + i, 1) == 1 && b[i] != '\\n') i++;
    b[i] = 0;
    return i;
}
int main(void) {
    char command[32]; int items[24], count = 0;
    while (line(command, sizeof command)) {
        if (equal(command, "append")) { line(command, sizeof command); items[count++] = atoi(command); }
        else if (equal(command, "remove")) { if (count) count--; }
        else if (equal(command, "leave")) break;
    }
    return count;
}
"""


def test_a_list_of_commands_grows_until_the_array_is_full(tmp_path, tmp_path_factory) -> None:
    """24 times the same two lines: the mutator repeats whole messages, as single bytes hardly would."""
    fuzz = program(tmp_path, tmp_path_factory.mktemp("cache"), SESSION, Flavour.FUZZ)
    words = tmp_path / "words"
    words.write_bytes(b'"append"\n"remove"\n"leave"\n')
    door = entry(fuzz, arguments=())
    work = replace(slice_of(door, tmp_path / "slice", 60), dictionary=words, input_bytes=4096)
    found = first_found(work)
    assert found and min(data.count(b"append") for data in found) >= 24


TOKEN = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void) {
    static const char digits[] = "0123456789abcdef";
    char text[16], said[] = "your token is ............, please repeat it\\n";
    unsigned long long token = 88172645463325252ull;
    for (int i = 0; i < 12; i++, token = token * 6364136223846793005ull + 1) said[14 + i] = digits[token >> 60];
    if (read(0, text, 4) != 4) return 1;
    if (write(1, said, sizeof said - 1) < 0) return 1;
    if (read(0, text, 12) != 12) return 1;
    int differs = 0;
    for (int i = 0; i < 12; i++) differs |= text[i] ^ said[14 + i];
    if (!differs) abort();
    return 0;
}
"""


def test_what_the_program_says_can_be_said_back(tmp_path, tmp_path_factory) -> None:
    fuzz = program(tmp_path, tmp_path_factory.mktemp("cache"), TOKEN, Flavour.FUZZ)
    assert first_found(slice_of(entry(fuzz, arguments=()), tmp_path / "slice", 60))


QUESTION = """
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
static int line(char *b, int n) {
    int i = 0;
    while (i < n - 1 && read(0, b + i, 1) == 1 && b[i] != '\\n') i++;
    return i;
}
static void flush(void) {
    struct pollfd p = {0, POLLIN, 0}; char c;
    while (poll(&p, 1, 0) == 1 && read(0, &c, 1) == 1);
}
int main(void) {
    static const char asked[] = "from;to;step;width? ";
    char text[64]; unsigned marks = 0, digits = 0, others = 0, twice = 0, last = 1;
    flush();
    if (line(text, sizeof text) != 1) return 1;
    flush();
    if (write(1, asked, sizeof asked - 1) < 0) return 1;
    int n = line(text, sizeof text);
    for (int i = 0; i < n; i++) { /* without a branch that could be seen */
        unsigned mark = text[i] == ';', digit = (unsigned)(text[i] - '0') < 10;
        marks += mark, digits += digit, others += !(mark | digit), twice += mark & last, last = mark;
    }
    if ((marks == 3) & !others & !twice & !last & (digits < 12)) abort();
    return 0;
}
"""


def test_a_question_for_several_things_gets_an_answer_to_each(tmp_path, tmp_path_factory) -> None:
    """And behind a program that throws away what is waiting before it asks."""
    fuzz = program(tmp_path, tmp_path_factory.mktemp("cache"), QUESTION, Flavour.FUZZ)
    assert first_found(slice_of(entry(fuzz, arguments=()), tmp_path / "slice", 60))


PHRASE = """
#include <stdlib.h>
#include <unistd.h>
static int line(char *b, int n) {
    int i = 0;
    while (i < n - 1 && read(0, b + i, 1) == 1 && b[i] != '\\n') i++;
    return i;
}
int main(void) {
    static const char asked[] = "set the level: name := value\\n", wanted[] = "level :=";
    char text[64] = ""; unsigned differs = 0;
    if (line(text, sizeof text) != 1) return 1;
    if (write(1, asked, sizeof asked - 1) < 0) return 1;
    int n = line(text, sizeof text);
    for (unsigned i = 0; i < sizeof wanted - 1; i++) differs |= (unsigned)(text[i] ^ wanted[i]); /* without a branch */
    if (!differs & (n > 8)) abort();
    return 0;
}
"""


def test_words_and_marks_that_the_program_speaks_of_make_a_phrase(tmp_path, tmp_path_factory) -> None:
    fuzz = program(tmp_path, tmp_path_factory.mktemp("cache"), PHRASE, Flavour.FUZZ)
    found = first_found(slice_of(entry(fuzz, arguments=()), tmp_path / "slice", 60))
    assert any(b"\nlevel :=" in data for data in found)


TOGETHER = """
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    char text[64]; unsigned x = 0, y = 0, z = 0;
    long n = 0;
    while (n < 63 && read(0, text + n, 1) == 1 && text[n] != '\\n') n++;
    text[n] = 0;
    if (sscanf(text, "width=%u height=%u depth=%u", &x, &y, &z) != 3) return 1;
    if ((x > 1000) & (x == y) & (y == z)) abort();
    return 0;
}
"""


def test_numbers_of_one_line_grow_together(tmp_path, tmp_path_factory) -> None:
    """One after the other they would not be kept: nothing shows that one of them is right."""
    fuzz = program(tmp_path, tmp_path_factory.mktemp("cache"), TOGETHER, Flavour.FUZZ)
    work = slice_of(entry(fuzz, arguments=()), tmp_path / "slice", 60)
    (work.corpus / "seed").write_bytes(b"width=3 height=4 depth=5\nmore\n")
    assert first_found(work)


class _Recorder:
    """A sandbox that runs nothing and remembers what it was asked for."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def check(self) -> None:
        """Always fine."""

    def run(self, command: Command, *_: object) -> Execution:
        self.commands.append(command)
        return Execution(
            ending=Ending.EXITED,
            exit_code=0,
            signal=None,
            stdout=b"",
            stderr=b"",
            truncated=False,
            wall_s=1.0,
            cpu_s=1.0,
            peak_memory_bytes=0,
        )


def test_every_second_round_of_a_hunt_with_one_arm_profiles_comparisons(target, tmp_path) -> None:
    scheduler, recorder = Scheduler([(0, 0)], budget_s=600.0, jobs=1, seed=1), _Recorder()
    for _ in range(4):
        (assignment,) = scheduler.next_round(600.0)
        LibFuzzer()._run(
            *(slice_of(target, tmp_path, 5, assignment.seed), 5.0, assignment.seed, recorder, _Reading(tick=None, before=0), None)
        )
    profiled = ["-use_value_profile=1" in command.argv for command in recorder.commands]
    assert profiled == [False, True, False, True]
    assert ["MITHRIDATE_TRACE_ALL" in command.env for command in recorder.commands] == profiled
