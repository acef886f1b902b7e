"""A regression test from a proof: seen in the sandbox to fail on the unpatched project and to pass on the patched one.

For C and C++ a shell test that makes the input, runs the program on it, and takes a refusal as well as an answer, but no crash
and no report of a sanitizer; with an entry in the project's own suite where it has one for ctest, meson or automake. For Python a
pytest file, whose text comes from the caller.
"""

import base64
import re
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mithridate.model.entry import INPUT, OUTPUT, EntryKind, EntryPoint
from mithridate.model.execution import Command, Execution
from mithridate.repair.diff import made
from mithridate.repair.interface import Shown, Subject, Variant, Workbench
from mithridate.repair.regression_entries import Entry, entries
from mithridate.repair.suites.baseline import LIMITS, plans, run, runnable
from mithridate.repair.suites.interface import Plan, Result, Verdict
from mithridate.repair.suites.pytest import Pytest

SECONDS = 300.0
"""Wall seconds for one run of the suite that the test was entered in."""

_FOLDERS = ("tests", "test", "t", "testsuite", "regress")
_PRINTED = 512
_PROGRAM = "/src/.mithridate-program"
_SHELL = """#!/bin/sh
# {what}: this input must be taken or refused, without a crash.
program=${{1:-{program}}}
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
{make}
timeout 60 "$program" {arguments} >/dev/null 2>"$work/said"
status=$?
if [ $status -ge 99 ] || grep -E 'ERROR: [A-Za-z]*Sanitizer|runtime error:' "$work/said"; then
    cat "$work/said" >&2
    echo "exit status $status" >&2
    exit 1
fi
exit 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """`files` are new or changed files by path; `diff` adds them. `entered`: the project's own suite runs it.

    `checked`: it was seen to fail before the patch and to pass after; `evidence` says what was seen.
    """

    files: Mapping[str, bytes]
    diff: str
    entered: bool
    checked: bool
    evidence: tuple[str, ...]


def regression(subject: Subject, patched: Variant, bench: Workbench, rendered: str = "") -> Regression | None:
    """The test for the smallest proof: entered in the project's suite if that can be shown to work, else on its own.

    `rendered` is the pytest file for Python. None when there is nothing to write down.
    """
    proof = min(subject.proofs, key=lambda shown: len(shown.data))
    if subject.component.language == "python":
        return _python(subject, patched, bench, rendered) if rendered else None
    entry = patched.entries.get(proof.entry_id)
    if entry is None or entry.observed:
        return None
    alone = _alone(subject, proof, entry, patched, bench)
    for way in entries(bench.original.tree, subject.component, entry):
        entered = _entered(subject, proof, entry, way, patched, bench)
        if entered is not None:
            return entered
    return alone


def shell_test(what: str, proof: Shown, entry: EntryPoint, program: str) -> bytes:
    """The text of the test; the program's path is its first argument, `program` where none is given."""
    file = f'"$work/input{entry.suffix}"'
    if len(proof.data) <= _PRINTED:
        octal = "".join(f"\\{byte:03o}" for byte in proof.data)
        make = f"printf '{octal}' >{file}"
    else:
        text = base64.encodebytes(proof.data).decode()
        make = f"base64 -d >{file} <<'END'\n{text}END"
    if entry.kind is EntryKind.PROGRAM_STDIN:
        arguments = f"{_words(entry, file)} <{file}"
    else:
        arguments = file if entry.kind is EntryKind.FUZZ_TARGET else _words(entry, file)
    return _SHELL.format(what=what, program=program, make=make, arguments=arguments.strip()).encode()


def _words(entry: EntryPoint, file: str) -> str:
    """The arguments, quoted, with the places of files filled in."""
    words = []
    for word in entry.arguments:
        quoted = "".join(
            file if part == INPUT else '"$work/out"' if part == OUTPUT else shlex.quote(part)
            for part in re.split(f"({re.escape(OUTPUT)}|{re.escape(INPUT)})", word)
            if part
        )
        words.append(quoted or "''")
    return " ".join(words)


def _alone(subject: Subject, proof: Shown, entry: EntryPoint, patched: Variant, bench: Workbench) -> Regression:
    """A shell test beside the project's others; tried with the programs that were built for the proofs."""
    folder = next((name for name in _FOLDERS if (bench.original.tree / name).is_dir()), "tests")
    path = f"{folder}/{_name(subject)}.sh"
    program = f"./{PurePosixPath(entry.binaries[0].path).name}"
    files = {path: shell_test(_what(subject), proof, entry, program)}
    before, after = (_tried(bench, variant, proof.entry_id, files, path) for variant in (bench.original, patched))
    checked = before is not None and after is not None and before.exit_code == 1 and after.ok
    told = [f"{when} the patch: exit code {e.exit_code if e else 'none'}" for when, e in (("before", before), ("after", after))]
    return Regression(
        files=files,
        diff=_diff(bench.original.tree, files),
        entered=False,
        checked=checked,
        evidence=(*told, f"sh {path} PROGRAM"),
    )


def _tried(bench: Workbench, variant: Variant, entry_id: str, files: Mapping[str, bytes], path: str) -> Execution | None:
    """The shell test on the variant's program, which is copied in beside the sources."""
    entry = variant.entries.get(entry_id)
    if entry is None:
        return None
    binary = entry.binaries[0]
    program = binary.directory / binary.path.lstrip("/")
    if not program.is_file():
        return None
    with _with_files(variant.tree, files) as tree:
        shutil.copy2(program, Path(tree) / PurePosixPath(_PROGRAM).name)
        command = Command(argv=("/bin/sh", path, _PROGRAM), cwd="/src", env={"ASAN_OPTIONS": "detect_leaks=0"})
        return bench.run(Path(tree), command, LIMITS)


def _entered(
    subject: Subject, proof: Shown, entry: EntryPoint, way: Entry, patched: Variant, bench: Workbench
) -> Regression | None:
    """The shell test with an entry in the project's suite, None when it does not fail before and pass after there."""
    name = _name(subject)
    tree = bench.original.tree
    script = f"{way.folder}/{name}.sh".removeprefix("./")
    files = {script: shell_test(_what(subject), proof, entry, way.program), way.file: way.with_test(tree, name)}
    plan = next((p for p in plans(tree, subject.component) if p.kind == way.kind), None)
    if plan is None:
        return None
    seen = [_result(bench, variant.tree, files, plan, name) for variant in (bench.original, patched)]
    if [result.verdict if result else None for result in seen] != [Verdict.FAILED, Verdict.PASSED]:
        return None
    told = f"{plan.what}, compiled with AddressSanitizer: {name} fails before the patch and passes after"
    return Regression(files=files, diff=_diff(tree, files), entered=True, checked=True, evidence=(told,))


def _result(bench: Workbench, tree: Path, files: Mapping[str, bytes], plan: Plan, name: str) -> Result | None:
    with _with_files(tree, files) as place:
        ran = run(bench, Path(place), plan, SECONDS, with_sanitizer=plan.compiled)
    return next((result for told, result in ran.results.items() if name in told), None)


def _python(subject: Subject, patched: Variant, bench: Workbench, rendered: str) -> Regression | None:
    folder = next((name for name in _FOLDERS if (bench.original.tree / subject.component.path / name).is_dir()), "tests")
    name = f"test_{_name(subject).replace('-', '_')}"
    path = PurePosixPath(subject.component.path, folder, f"{name}.py").as_posix()
    files = {path: rendered.encode()}
    verdicts: list[list[Verdict]] = []
    for variant in (bench.original, patched):
        with _with_files(runnable(variant, subject.component), files) as place:
            plan = Pytest().plan(Path(place), subject.component)
            results = run(bench, Path(place), plan, SECONDS).results if plan is not None else {}
        verdicts.append([result.verdict for told, result in results.items() if name in told])
    before, after = verdicts
    checked = bool(after) and set(after) == {Verdict.PASSED} and Verdict.FAILED in before
    told = [f"{when} the patch: {', '.join(v) or 'not run'}" for when, v in (("before", before), ("after", after))]
    return Regression(files=files, diff=_diff(bench.original.tree, files), entered=True, checked=checked, evidence=tuple(told))


def _with_files(tree: Path, files: Mapping[str, bytes]) -> "tempfile.TemporaryDirectory[str]":
    """A copy of the tree with these files."""
    place: tempfile.TemporaryDirectory[str] = tempfile.TemporaryDirectory(prefix="mithridate-regression-")
    shutil.copytree(tree, place.name, symlinks=True, dirs_exist_ok=True)
    for path, content in files.items():
        file = Path(place.name, path)
        if not file.parent.resolve().is_relative_to(Path(place.name).resolve()):
            continue  # a folder of the project that is a link to somewhere else
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_bytes(content)
    return place


def _diff(tree: Path, files: Mapping[str, bytes]) -> str:
    return made({path: ((tree / path).read_bytes() if (tree / path).is_file() else b"", new) for path, new in files.items()})


def _name(subject: Subject) -> str:
    return f"regression-{re.sub(r'[^a-z0-9]+', '-', subject.finding.lower()).strip('-')}"


def _what(subject: Subject) -> str:
    return f"{subject.violation.kind.value} (CWE-{subject.cwe})"
