"""Proofs from known triggers, where a hunt would take too long: VulnLoc's published inputs, with the program called as the corpus
says, or the same few lines through every door of every Juliet program.

    python -m bench.repair.triggers --prepared CASES --mirrors MIRRORS --out RUNS [--only CASE …]

Leaves in RUNS what bench.cases.run leaves, for bench.repair.run, but no corpus of a hunt: there was none.
"""

import argparse
import json
import re
import shlex
import shutil
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from bench.cases.commits import CORPUS
from bench.cases.juliet import KIND as JULIET
from bench.cases.mirrors import find_mirror
from bench.cases.run import execute
from bench.cases.truth import Case, read_case
from mithridate import pipeline
from mithridate.model.run import RunOptions
from mithridate.policy.scope import require

LINES = (b"!", b"0\n", b"1\n", b"7\n", b"10\n", b"100\n", b"-1\n", b"2147483647\n", b"-2147483648\n", b"4294967295\n")
VULNLOC = "c-realcve-poc"
_RESULT = re.compile(r"(?:foo|out)(?:\.\w+)?")
"""What the corpus calls a file that a program writes."""
PROGRAM = "from mithridate.cli.main import run; run()"


def command(case: Case, mirrors: Path) -> str:
    """How the case's program is called, as its corpus says, with @@ for the input and @out for what it writes; "" if unsaid."""
    if case.kind == JULIET:
        return ""
    _, project, bug = case.id.split("-", 2)
    for known in json.loads(find_mirror(mirrors, CORPUS).text("meta-data.json")):
        if (known["subject"], known["bug_id"]) == (project, bug):
            words = known["crash_input"].replace("$POC", "@@").split()
            return shlex.join([Path(known["binary_path"]).name, *("@out" if _RESULT.fullmatch(word) else word for word in words)])
    return ""


def triggers(case: Case, mirrors: Path, into: Path) -> list[Path]:
    """The inputs for a case, below `into`; none where its corpus has none."""
    into.mkdir(parents=True, exist_ok=True)
    if case.kind == JULIET:
        known = {f"{number}.txt": data for number, data in enumerate(LINES)}
    else:
        corpus = find_mirror(mirrors, CORPUS)
        _, project, bug = case.id.split("-", 2)
        named = [name for name in corpus.names(f"{project}/{bug}/tests") if Path(name).stem == "1"][:1]
        known = {Path(name).name: corpus.git("show", f"HEAD:{name}") for name in named}
    for name, data in known.items():
        (into / name).write_bytes(data)
    return [into / name for name in known]


def prove(tree: Path, given: Sequence[Path], called: str, out: Path, jobs: int) -> int:
    """Build and enter a tree with inputs, and prove what they violate; the number of findings."""
    scope = ["scope", "init", str(tree), "--owner", "benchmark", "--until", "30d", "--attest", "--force"]
    execute([sys.executable, "-c", PROGRAM, *scope], out / "scope.log", 60)
    options = RunOptions(target=str(tree), out=str(out), jobs=jobs, given=tuple(map(str, given)), command=called)
    report = pipeline.scan(options, require(tree), out / "home", lambda _: None, threading.Event())
    return len(report.findings)


def main(arguments: Sequence[str] | None = None) -> None:
    """See the module's own words."""
    parser = argparse.ArgumentParser(prog="bench.repair.triggers", description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--prepared", type=Path, required=True, help="cases that bench.cases.prepare made")
    parser.add_argument("--mirrors", type=Path, required=True, help="folder with one git mirror a repository")
    parser.add_argument("--out", type=Path, required=True, help="where runs go")
    parser.add_argument("--only", nargs="*", default=[], metavar="CASE", help="only cases whose id starts so")
    parser.add_argument("--jobs", type=int, default=1, help="cores")
    given = parser.parse_args(arguments)
    for path in sorted(given.prepared.resolve().glob("*/case.json")):
        case = read_case(path)
        if case.kind not in (VULNLOC, JULIET) or (given.only and not case.id.startswith(tuple(given.only))):
            continue
        out = given.out.resolve() / case.id / "vulnerable"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        inputs = triggers(case, given.mirrors, out / "trigger")
        found = prove(case.vulnerable, inputs, command(case, given.mirrors), out, given.jobs) if inputs else 0
        print(f"{case.id}: {found} findings" if inputs else f"{case.id}: no trigger is published", file=sys.stderr)


if __name__ == "__main__":
    main()
