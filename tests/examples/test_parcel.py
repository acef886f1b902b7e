"""The bundled example is what its answer key says: every planted flaw fires where the key says, and its twin is sound."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PARCEL, FIXED = EXAMPLES / "parcel", EXAMPLES / "parcel-fixed"
ANSWERS: list[dict[str, Any]] = json.loads((EXAMPLES / "parcel-answers.json").read_text())
TOOLS = ("parcel-info", "parcel-unpack", "parcel-sum")
FUZZER = "parcel_fuzzer"
SANITIZE = ["-fsanitize=address,bounds,null,integer-divide-by-zero,signed-integer-overflow", "-fsanitize-recover=undefined"]
SIGNS = {  # what the sanitizers print, and what we call it
    r"AddressSanitizer: ([a-z-]+) on": None,
    r"runtime error: division by zero": "division-by-zero",
    r"runtime error: member access within null pointer": "null-dereference",
}


def load_samples_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_samples", PARCEL / "tests" / "make_samples.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = load_samples_module()


def wrapped_note() -> bytes:
    return make.archive(make.record("N", b"\x01" + b"\xff" * 4 + b"a text that needs more than nothing"))


TRIGGERS: dict[str, Callable[[], bytes]] = {
    "runs-overflow": lambda: make.archive(
        make.runs(1, 4, b"\xff*"), make.digest(1, 1, bytes(4))
    ),  # the digest makes parcel-sum unpack the blob
    "note-length-wraps": wrapped_note,
    "continue-after-erase": lambda: make.archive(make.prop("k", "v"), make.record("X", b"k"), make.record("C", b"more")),
    "month-table": lambda: make.archive(make.entry(1, 0, make.date(2020, 15, 1), "late")),
    "empty-stride": lambda: make.archive(make.grid(1, 1, 0, b"samples")),
    "parent-cycle": lambda: make.archive(make.entry(1, 1, make.date(2020, 1, 1), "self"), make.raw(1, b"x")),
    "digest-text": lambda: make.archive(make.digest(1, 2, bytes(64))),
    "link-to-nothing": lambda: make.archive(make.entry(1, 0, make.date(2020, 1, 1), "one"), make.record("L", b"\x01\x09")),
}


@dataclass(frozen=True)
class Binaries:
    directory: Path

    def run(self, program: str, data: bytes, work: Path) -> str:
        """Stderr of one execution on `data`."""
        given = work / "input.prc"
        given.write_bytes(data)
        arguments = {
            "parcel-info": [str(given)],
            "parcel-unpack": [str(given), str(work / "out")],
            "parcel-sum": [],
            FUZZER: [str(given)],
        }[program]
        env = {
            "PATH": os.environ["PATH"],
            "ASAN_OPTIONS": "detect_leaks=1",
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "ASAN_SYMBOLIZER_PATH": shutil.which("llvm-symbolizer-19") or "/usr/lib/llvm-19/bin/llvm-symbolizer",
        }
        with given.open("rb") as stdin:
            done = subprocess.run([self.directory / program, *arguments], stdin=stdin, capture_output=True, env=env, timeout=60)
        return done.stderr.decode(errors="replace")


def compile_tree(tree: Path, into: Path) -> Binaries:
    library = sorted(tree.glob("src/*.c"))
    common = ["clang-19", "-std=c11", "-g", "-O1", "-fno-omit-frame-pointer", "-Wall", "-Wextra", "-Werror", f"-I{tree}/include"]
    for tool in TOOLS:
        sources = [tree / "tools" / f"{tool}.c", tree / "tools" / "slurp.c", *library]
        subprocess.run([*common, *SANITIZE, *sources, "-o", into / tool], check=True)
    sources = [tree / "fuzz" / f"{FUZZER}.c", *library]
    subprocess.run([*common, *SANITIZE, "-fsanitize=fuzzer", *sources, "-o", into / FUZZER], check=True)
    return Binaries(into)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Binaries:
    return compile_tree(PARCEL, tmp_path_factory.mktemp("parcel"))


@pytest.fixture(scope="module")
def repaired(tmp_path_factory: pytest.TempPathFactory) -> Binaries:
    return compile_tree(FIXED, tmp_path_factory.mktemp("parcel-fixed"))


def violations(report: str) -> list[str]:
    found = []
    for pattern, name in SIGNS.items():
        found += [name or m.group(1) for m in re.finditer(pattern, report)]
    return found


def frames(report: str, tree: Path) -> list[tuple[str, str, int]]:
    """(function, file, line) of the frames of the first stack that lie in the project."""
    first_stack = re.split(r"\n\s*\n", report[report.index("#0 ") :], maxsplit=1)[0]
    found = re.findall(r"#\d+ 0x[0-9a-f]+ in (\S+) (\S+?):(\d+)", first_stack)
    return [(f, str(Path(p).relative_to(tree)), int(n)) for f, p, n in found if p.startswith(f"{tree}/")]


PAIRS = [(a, p) for a in ANSWERS for p in a["programs"]]


@pytest.mark.parametrize(("answer", "program"), PAIRS, ids=[f"{a['id']}-{p}" for a, p in PAIRS])
def test_each_flaw_fires_where_the_key_says(answer: dict[str, Any], program: str, planted: Binaries, tmp_path: Path) -> None:
    report = planted.run(program, TRIGGERS[answer["id"]](), tmp_path)
    assert violations(report)[0] in answer["kinds"], report
    stack = frames(report, PARCEL)
    if answer["kinds"] == ["stack-overflow"]:  # the stack ends wherever it is full: any frame will do
        assert (answer["function"], answer["file"], answer["line"]) in stack
    else:
        assert stack[0] == (answer["function"], answer["file"], answer["line"])


@pytest.mark.parametrize("answer", ANSWERS, ids=[a["id"] for a in ANSWERS])
def test_no_other_program_reaches_the_flaw_with_that_trigger(answer: dict[str, Any], planted: Binaries, tmp_path: Path) -> None:
    for program in {*TOOLS, FUZZER} - set(answer["programs"]):
        assert violations(planted.run(program, TRIGGERS[answer["id"]](), tmp_path)) == []


@pytest.mark.parametrize("answer", ANSWERS, ids=[a["id"] for a in ANSWERS])
def test_every_trigger_is_silent_on_the_fixed_twin(answer: dict[str, Any], repaired: Binaries, tmp_path: Path) -> None:
    for program in (*TOOLS, FUZZER):
        report = repaired.run(program, TRIGGERS[answer["id"]](), tmp_path)
        assert "Sanitizer" not in report
        assert "runtime error" not in report


@pytest.mark.parametrize("name", sorted(make.samples()))
def test_samples_are_clean_in_both_trees(name: str, planted: Binaries, repaired: Binaries, tmp_path: Path) -> None:
    for binaries in (planted, repaired):
        for program in (*TOOLS, FUZZER):
            report = binaries.run(program, make.samples()[name], tmp_path)
            assert "Sanitizer" not in report
            assert "runtime error" not in report


def test_samples_are_what_their_generator_writes_and_small() -> None:
    for tree in (PARCEL, FIXED):
        stored = {p.name: p.read_bytes() for p in (tree / "tests" / "samples").glob("*.prc")}
        assert stored == make.samples()
        assert max(map(len, stored.values())) <= 1024


@pytest.mark.parametrize("tree", [PARCEL, FIXED], ids=["parcel", "parcel-fixed"])
def test_the_project_builds_by_its_own_cmake_and_passes_its_own_tests(tree: Path, tmp_path: Path) -> None:
    for command in (
        ["cmake", "-S", tree, "-B", tmp_path, "-DCMAKE_C_FLAGS=-Werror"],
        ["cmake", "--build", tmp_path],
        ["ctest", "--test-dir", tmp_path, "--output-on-failure"],
    ):
        subprocess.run(command, check=True, capture_output=True)
    assert not (tmp_path / FUZZER).exists()


def test_the_fuzz_target_is_built_on_request(tmp_path: Path) -> None:
    subprocess.run(["cmake", "-S", FIXED, "-B", tmp_path, "-DPARCEL_BUILD_FUZZER=ON", "-DCMAKE_C_COMPILER=clang-19"], check=True)
    subprocess.run(["cmake", "--build", tmp_path, "--target", FUZZER], check=True)
    samples = FIXED / "tests" / "samples"
    subprocess.run([tmp_path / FUZZER, "-runs=0", samples], check=True, capture_output=True)


def test_the_key_names_lines_that_exist_and_flaws_in_different_functions() -> None:
    assert len({a["function"] for a in ANSWERS}) == len(ANSWERS) == len(TRIGGERS)
    for answer in ANSWERS:
        assert answer["line"] <= len((PARCEL / answer["file"]).read_text().splitlines())
