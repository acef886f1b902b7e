"""Tiny programs with their right ways beside them: drawn by hash, laid out without what gives the answer away."""

import hashlib
from pathlib import Path

from bench.cases.juliet import WEAKNESSES, drawn, righted, uncommented
from bench.cases.mirrors import find_mirror
from bench.cases.prepare import main
from bench.cases.truth import read_case

from tests.bench.test_prepare import mirror

WRONG = """/* TEMPLATE FILE */
#include "std_testcase.h"
#ifndef OMITBAD
void {name}_bad()
{{
    int data;
    /* POTENTIAL FLAW: */
    fscanf(stdin, "/*%d", &data);
    {name}b_badSink(data); // FLAW
}}
#endif /* OMITBAD */
#ifndef OMITGOOD
static void goodG2B()
{{
    int data;
    data = 7;
    puts("here");
    {name}b_goodG2BSink(data);
}}
static void goodB2G()
{{
    int data;
    fscanf(stdin, "/*%d", &data);
    {name}b_goodB2GSink(data);
}}
void {name}_good()
{{
    goodG2B();
    goodB2G();
}}
#endif
#ifdef INCLUDEMAIN
int main(int argc, char * argv[])
{{
}}
#endif
"""
SINK = """#include "std_testcase.h"
void {name}b_badSink(int data)
{{
    printIntLine(100 / data);
}}
void {name}b_goodG2BSink(int data)
{{
    printIntLine(100 / data);
}}
void {name}b_goodB2GSink(int data)
{{
    if (data != 0)
        printIntLine(100 / data);
}}
"""


def chosen(stem: str, wanted: bool = True) -> str:
    """A name of a case that is for development, or of one that is not."""
    names = (f"{stem}_{n:02d}" for n in range(100))
    return next(n for n in names if (int(hashlib.sha256(n.encode()).hexdigest(), 16) % 5 == 0) is wanted)


def corpus(tmp_path: Path, *stems: str) -> Path:
    files = {f"testcasesupport/{n}": "" for n in ("io.c", "std_testcase.h", "std_testcase_io.h")}
    for stem in stems:
        files[f"testcases/{stem}a.c"] = WRONG.format(name=stem).replace("\n", "\r\n")
        files[f"testcases/{stem}b.c"] = SINK.format(name=stem)
    mirror(tmp_path / "mirrors", "arichardson+juliet-test-suite-c", files)
    return tmp_path / "mirrors"


def test_cases_are_drawn_by_hash_and_those_that_ask_take_turns_with_those_that_do_not(tmp_path: Path) -> None:
    asks, not_asks = chosen("CWE369_Divide_by_Zero__int_fscanf"), chosen("CWE369_Divide_by_Zero__int_zero")
    left_out = [
        chosen("CWE369_Divide_by_Zero__int_fscanf", wanted=False),
        chosen("CWE369_Divide_by_Zero__int_connect_socket"),
        chosen("CWE369_Divide_by_Zero__w32"),
        chosen("CWE78_OS_Command_Injection__fscanf"),
    ]
    git = find_mirror(corpus(tmp_path, not_asks, asks, *left_out), "arichardson/juliet-test-suite-c")
    assert list(drawn(git, 5)) == [asks, not_asks]
    assert drawn(git, 1) == {asks: [f"testcases/{asks}a.c", f"testcases/{asks}b.c"]}
    assert 369 in WEAKNESSES


def test_a_program_is_wrong_without_an_argument_and_its_twin_is_not(tmp_path: Path) -> None:
    name = chosen("CWE369_Divide_by_Zero__int_fscanf")
    mirrors = corpus(tmp_path, name)
    (tmp_path / "cases.json").write_text("[]")
    arguments = ["--cases", str(tmp_path / "cases.json"), "--mirrors", str(mirrors), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--juliet", "1"]) == 0
    case = read_case(tmp_path / "out" / f"ju-{name}" / "case.json")
    assert case.fixed is not None
    wrong, right = ((tree / f"{name}b.c").read_text() for tree in (case.vulnerable, case.fixed))
    assert (case.vulnerable / f"{name}a.c").read_text() == (case.fixed / f"{name}a.c").read_text()
    assert "badSink(int data)\n{\n    printIntLine" in wrong and "badSink(int data)\n{\n    if (data != 0)" in right
    assert (
        "FLAW" not in (case.vulnerable / f"{name}a.c").read_text() and "main(" not in (case.vulnerable / f"{name}a.c").read_text()
    )
    assert f"{name}_bad();" in (case.vulnerable / "main.c").read_text()
    assert "if (argc > 1)" in (case.vulnerable / "main.c").read_text()
    assert "add_test" in (case.vulnerable / "CMakeLists.txt").read_text()
    assert {p.function for p in case.truths[0].places} == {f"{name}_bad", f"{name}b_badSink"}


def test_comments_go_and_strings_stay() -> None:
    text = 'int a; /* one\n two */\n// three\n\nputs("/* no */ // no"); // four\n'
    assert uncommented(text) == 'int a;\n\nputs("/* no */ // no");\n'


def test_what_has_no_right_way_is_told() -> None:
    assert righted({"a.c": "void x_bad()\n{\n    f();\n}\n"}) is None
