"""What the rules say of small changes: wrong ones are told, and what a maintainer would write is not."""

from pathlib import Path

import pytest

from mithridate.model.violation import Region, Relation, Violation, ViolationKind
from mithridate.repair.diff import made
from mithridate.repair.interface import Shown
from mithridate.repair.symptoms.constants import numbers, project_numbers
from mithridate.repair.symptoms.interface import Patched, changes
from mithridate.repair.symptoms.registry import RULES

C = """int put(struct box *b, const char *from, int n)
{
    if (!b)
        return -1;
    if (check(b) < 0)
        return -2;
    for (int i = 0; i < n; i++)
        b->to[i] = from[i];
    note(b, n);
    free(b->old);
    return n;
}
"""
PYTHON = """from subprocess import run


def convert(name, deep):
    if deep:
        prepare(name)
    value = run("convert " + name, shell=True)
    return value
"""
BOUND, DELETED = "hard-coded bound from the proof", "deleted feature"
SETTLED, SWALLOWED = "guard for everything", "swallowed error"
HEAP, LONG = ViolationKind.HEAP_BUFFER_OVERFLOW, b"A" * 90


def signs(tmp_path: Path, before: str, after: str, path: str, kind: ViolationKind, data: bytes) -> set[str]:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(before)
    region = Region(kind="heap", size=37, relation=Relation.AFTER, distance=3)
    violation = Violation(kind=kind, detector="asan", message="", size=1, region=region)
    patched = Patched(
        tree=tmp_path,
        changes=changes(made({path: (before.encode(), after.encode())}), tmp_path),
        proofs=(Shown(entry_id="door", data=data, violation=violation),),
        numbers=project_numbers(tmp_path),
    )
    return {sign.rule for rule in RULES for sign in rule.look(patched)}


def c(
    tmp_path: Path, old: str, new: str, kind: ViolationKind = ViolationKind.HEAP_BUFFER_OVERFLOW, data: bytes = b"A" * 90
) -> set[str]:
    assert C.count(old) == 1, old
    return signs(tmp_path, C, C.replace(old, new), "box.c", kind, data)


def python(tmp_path: Path, old: str, new: str) -> set[str]:
    assert PYTHON.count(old) == 1, old
    return signs(tmp_path, PYTHON, PYTHON.replace(old, new), "convert.py", ViolationKind.SHELL_INJECTION, b"")


GOOD_C = {
    "a guard in the function's own style": ("    for (", "    if (n > b->size)\n        return -1;\n    for ("),
    "a condition made right": ("i < n;", "i < n && i < b->size;"),
    "a call replaced by a bounded one": ("b->to[i] = from[i];", "put_one(b, i, from[i]);"),
    "a statement made conditional": ("    note(b, n);", "    if (b->noted)\n        note(b, n);"),
    "a statement moved": ("    note(b, n);\n    free(b->old);\n", "    free(b->old);\n    note(b, n);\n"),
    "a pointer cleared": ("free(b->old);", "free(b->old);\n    b->old = NULL;"),
    "a round limit": ("    for (", "    if (n > 4096)\n        return -1;\n    for ("),
    "a comment": ("    note(b, n);", "    /* abort() would be wrong */\n    note(b, n);"),
}
BAD_C = {
    "a call gone": ("    note(b, n);\n", "", DELETED),
    "a branch gone": ("    if (!b)\n        return -1;\n", "", DELETED),
    "a loop that does nothing any more": ("        b->to[i] = from[i];\n", "        break;\n", DELETED),
    "a release gone, which was not released twice": ("    free(b->old);\n", "", DELETED),
    "an exit at the top": ("    if (!b)\n", "    return 0;\n    if (!b)\n", SETTLED),
    "a settled condition": ("    note(b, n);", "    if (0)\n        note(b, n);", SETTLED),
    "a tautology": ("    for (", "    if (n == n)\n        return 0;\n    for (", SETTLED),
    "code taken out by the preprocessor": ("    note(b, n);\n", "#if 0\n    note(b, n);\n#endif\n", SETTLED),
    "a result not looked at": ("    if (check(b) < 0)\n        return -2;\n", "    (void)check(b);\n", SWALLOWED),
    "a failure told as success": ("        return -2;\n", "        return 0;\n", SWALLOWED),
    "the size of the proof's object": ("    for (", "    if (n > 36)\n        return -1;\n    for (", BOUND),
    "the proof's length": ("i < n;", "i < n && i < 90;", BOUND),
    "the process ended": ("    for (", "    if (n > b->size)\n        abort();\n    for (", "way out"),
    "an assertion": ("    for (", "    assert(n <= b->size);\n    for (", "way out"),
    "a signal handler": ("    for (", "    signal(SIGSEGV, SIG_IGN);\n    for (", "way out"),
    "a sanitizer told to look away": ("int put(", '__attribute__((no_sanitize("address"))) int put(', "way out"),
    "another way when watched": ("    for (", '    if (getenv("ASAN_OPTIONS"))\n        return 0;\n    for (', "way out"),
    "a warning silenced": ("int put(", '#pragma GCC diagnostic ignored "-Wall"\nint put(', "way out"),
}
GOOD_PYTHON = {
    "a list of arguments": ('run("convert " + name, shell=True)', 'run(["convert", name])'),
    "a refusal": ("    if deep:\n", "    if name.startswith('-'):\n        raise ValueError(name)\n    if deep:\n"),
    "an error passed on": (
        "    return value\n",
        "    try:\n        return value\n    except KeyError as error:\n        raise ValueError(name) from error\n",
    ),
}
BAD_PYTHON = {
    "every error taken": (
        "    return value\n",
        "    try:\n        return value\n    except Exception:\n        pass\n",
        SWALLOWED,
    ),
    "an error taken": (
        "    return value\n",
        "    try:\n        return value\n    except OSError:\n        return None\n",
        SWALLOWED,
    ),
    "an error taken on one line": (
        "    return value\n",
        "    try: return value\n    except OSError: return None\n",
        SWALLOWED,
    ),
    "the process ended on one line": ("    if deep:\n", "    if ';' in name: os._exit(1)\n    if deep:\n", "way out"),
    "errors suppressed": (
        "        prepare(name)",
        "        with contextlib.suppress(Exception):\n            prepare(name)",
        SWALLOWED,
    ),
    "the sink gone": (
        '    value = run("convert " + name, shell=True)\n    return value\n',
        "    raise ValueError(name)\n",
        DELETED,
    ),
    "a branch gone": ("    if deep:\n        prepare(name)\n", "", DELETED),
    "nothing done at all": ("    if deep:\n", "    return None\n    if deep:\n", SETTLED),
    "a condition that is always true": ("    if deep:\n", "    if True or name:\n        return None\n    if deep:\n", SETTLED),
    "the process ended": ("    if deep:\n", "    if ';' in name:\n        os._exit(1)\n    if deep:\n", "way out"),
}


@pytest.mark.parametrize("name", GOOD_C)
def test_a_repair_in_c_has_no_sign(tmp_path: Path, name: str) -> None:
    assert c(tmp_path, *GOOD_C[name]) == set()


@pytest.mark.parametrize("name", BAD_C)
def test_a_symptom_fix_in_c_is_told(tmp_path: Path, name: str) -> None:
    old, new, rule = BAD_C[name]
    assert c(tmp_path, old, new) == {rule}


@pytest.mark.parametrize("name", GOOD_PYTHON)
def test_a_repair_in_python_has_no_sign(tmp_path: Path, name: str) -> None:
    assert python(tmp_path, *GOOD_PYTHON[name]) == set()


@pytest.mark.parametrize("name", BAD_PYTHON)
def test_a_symptom_fix_in_python_is_told(tmp_path: Path, name: str) -> None:
    old, new, rule = BAD_PYTHON[name]
    assert python(tmp_path, old, new) == {rule}


def test_a_release_too_many_may_go(tmp_path: Path) -> None:
    assert c(tmp_path, "    free(b->old);\n", "", ViolationKind.DOUBLE_FREE) == set()


def test_a_bound_that_the_project_knows_is_not_the_proofs(tmp_path: Path) -> None:
    (tmp_path / "box.h").write_text("#define LIMIT 36\n")
    assert c(tmp_path, "i < n;", "i < n && i < 36;") == set()


@pytest.mark.parametrize(
    ("data", "told"), [(b"\x01\x00\x2b\x02" + b"." * 96, True), (b"n=555;" + b"." * 96, True), (b"." * 100, False)]
)
def test_a_number_in_the_proofs_bytes_is_recognised(tmp_path: Path, data: bytes, told: bool) -> None:
    """555, as a field of two bytes (0x022b) and as digits."""
    found = c(tmp_path, "i < n;", "i < n && i < 555;", data=data)
    assert found == ({BOUND} if told else set())


def test_changed_tests_and_build_files_are_told(tmp_path: Path) -> None:
    for path in ("tests/put.c", "Makefile", "data/expected.bin"):
        assert "outside of the sources" in signs(tmp_path, "a\n", "b\n", path, ViolationKind.TIMEOUT, b"")
    for path in ("requirements.txt", "app/templates/page.html"):
        assert signs(tmp_path, "a\n", "b\n", path, ViolationKind.TIMEOUT, b"") == set()


def test_numbers_are_read_as_the_languages_write_them() -> None:
    assert numbers("x = 0x1F + 010 + 1_000u + 7UL; // 99\n\"55\" f2 3.5 '8'") == {31, 8, 1000, 7}


NAMED = """static const char names[] = "onetwosix";

void named(char text[8], unsigned n)
{
    char name[4] = "";

    memcpy(name, names + 3 * n, 3);
    snprintf(text, 8, "%s", name);
}
"""


@pytest.mark.parametrize(
    ("old", "new", "cut"),
    [
        ("    memcpy(", "    if (n > 2)\n        return;\n    memcpy(", True),
        ("    memcpy(", '    if (n > 2) {\n        snprintf(text, 8, "?");\n        return;\n    }\n    memcpy(', False),
        ("    memcpy(", "    if (n <= 2)\n        memcpy(", False),
    ],
)
def test_a_caller_gets_what_a_function_that_cannot_fail_owes_it(tmp_path: Path, old: str, new: str, cut: bool) -> None:
    found = signs(tmp_path, NAMED, NAMED.replace(old, new), "name.c", ViolationKind.GLOBAL_BUFFER_OVERFLOW, LONG)
    assert ("result cut short" in found) is cut


def test_where_a_function_left_early_before_it_may_do_so_again(tmp_path: Path) -> None:
    before = NAMED.replace("    memcpy(", "    if (!text)\n        return;\n    memcpy(")
    after = before.replace("    memcpy(", "    if (n > 2)\n        return;\n    memcpy(")
    assert not signs(tmp_path, before, after, "name.c", ViolationKind.GLOBAL_BUFFER_OVERFLOW, LONG)


def test_what_a_function_only_reads_is_not_owed(tmp_path: Path) -> None:
    before = NAMED.replace("char text[8]", "const char *text").replace('snprintf(text, 8, "%s", name)', "keep(text, name)")
    after = before.replace("    memcpy(", "    if (n > 2)\n        return;\n    memcpy(")
    assert not signs(tmp_path, before, after, "name.c", ViolationKind.GLOBAL_BUFFER_OVERFLOW, LONG)


@pytest.mark.parametrize(("call", "found"), [("abort(400)", False), ("os.abort()", True), ("os._exit(1)", True)])
def test_a_frameworks_refusal_is_no_way_out_of_the_process(tmp_path: Path, call: str, found: bool) -> None:
    after = PYTHON.replace("    value = run", f"    if name.startswith('-'):\n        {call}\n    value = run")
    assert ("way out" in signs(tmp_path, PYTHON, after, "convert.py", ViolationKind.SHELL_INJECTION, b"x")) is found


def test_an_assertion_behind_a_new_condition_is_silenced(tmp_path: Path) -> None:
    found = c(tmp_path, "    note(b, n);\n", "    if (n > 2)\n        note(b, n);\n")
    assert not found
    asserted = C.replace("note(b, n);", "assert(n < 9);")
    after = asserted.replace("    assert(", "    if (b->n > 2)\n        assert(")
    kind = ViolationKind.ASSERTION
    assert signs(tmp_path, asserted, after, "box.c", kind, LONG) == {"silenced assertion"}
    before_it = asserted.replace("    assert(", "    if (n >= 9)\n        return -3;\n    assert(")
    assert not signs(tmp_path, asserted, before_it, "box.c", kind, LONG)


@pytest.mark.parametrize(
    ("condition", "found"), [("sizeof(b->to) < 6", True), ("sizeof *b >= 2 * sizeof(int)", True), ("sizeof(b->to) < n", False)]
)
def test_a_condition_of_sizes_alone_is_settled_by_the_compiler(tmp_path: Path, condition: str, found: bool) -> None:
    new = f"    if ({condition})\n        return -3;\n    note(b, n);\n"
    assert (SETTLED in c(tmp_path, "    note(b, n);\n", new)) is found


@pytest.mark.parametrize(
    ("check", "kind", "told"),
    [
        ("len(name) > 1000", ViolationKind.SUPERLINEAR_TIME, True),
        ("len(name.strip()) >= 1_000", ViolationKind.TIMEOUT, True),
        ("1000 < len(name)", ViolationKind.SUPERLINEAR_TIME, True),
        ("len(name) > 1", ViolationKind.SUPERLINEAR_TIME, False),
        ("len(name) > LONGEST", ViolationKind.SUPERLINEAR_TIME, False),
        ("len(name) > 1000", ViolationKind.SHELL_INJECTION, False),
    ],
)
def test_a_length_that_is_made_up_against_slowness_is_told(tmp_path: Path, check: str, kind: ViolationKind, told: bool) -> None:
    after = PYTHON.replace("    value = run", f'    if {check}:\n        raise ValueError("too long")\n    value = run')
    assert ("limit that nobody stated" in signs(tmp_path, PYTHON, after, "convert.py", kind, b"x")) is told
