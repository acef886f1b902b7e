"""Proofs from published triggers, where a hunt would take too long: VulnLoc's inputs through every door of the vulnerable tree.

    python -m bench.repair.triggers --prepared CASES --mirrors MIRRORS --out RUNS [--only CASE …]

Leaves in RUNS what bench.cases.run leaves, for bench.repair.run, but no corpus of a hunt: there was none.
"""

import argparse
import shutil
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from bench.cases.commits import CORPUS
from bench.cases.mirrors import find_mirror
from bench.cases.run import execute
from bench.cases.truth import read_case
from mithridate import pipeline
from mithridate.model.run import RunOptions
from mithridate.policy.scope import require

PROGRAM = "from mithridate.cli.main import run; run()"


def trigger(case: str, mirrors: Path, into: Path) -> Path | None:
    """The corpus's input for a case, below `into`; None where it has none."""
    corpus = find_mirror(mirrors, CORPUS)
    _, project, bug = case.split("-", 2)
    named = [name for name in corpus.names(f"{project}/{bug}/tests") if Path(name).stem == "1"]
    if not named:
        return None
    into.mkdir(parents=True, exist_ok=True)
    path = into / Path(named[0]).name
    path.write_bytes(corpus.git("show", f"HEAD:{named[0]}"))
    return path


def prove(tree: Path, given: Path, out: Path, jobs: int) -> int:
    """Build and enter a tree with an input, and prove what it violates; the number of findings."""
    scope = ["scope", "init", str(tree), "--owner", "benchmark", "--until", "30d", "--attest", "--force"]
    execute([sys.executable, "-c", PROGRAM, *scope], out / "scope.log", 60)
    options = RunOptions(target=str(tree), out=str(out), jobs=jobs, given=(str(given),))
    report = pipeline.scan(options, require(tree), out / "home", lambda _: None, threading.Event())
    return len(report.findings)


def main(arguments: Sequence[str] | None = None) -> None:
    """See the module's own words."""
    parser = argparse.ArgumentParser(prog="bench.repair.triggers", description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--prepared", type=Path, required=True, help="cases that bench.cases.prepare made")
    parser.add_argument("--mirrors", type=Path, required=True, help="folder with one git mirror a repository")
    parser.add_argument("--out", type=Path, required=True, help="where runs go")
    parser.add_argument("--only", nargs="*", default=[], metavar="CASE", help="only these cases")
    parser.add_argument("--jobs", type=int, default=1, help="cores")
    given = parser.parse_args(arguments)
    for path in sorted(given.prepared.resolve().glob("vl-*/case.json")):
        case = read_case(path)
        if given.only and case.id not in given.only:
            continue
        out = given.out.resolve() / case.id / "vulnerable"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        data = trigger(case.id, given.mirrors, out / "trigger")
        found = prove(case.vulnerable, data, out, given.jobs) if data is not None else 0
        print(f"{case.id}: {found} findings" if data is not None else f"{case.id}: no trigger is published", file=sys.stderr)


if __name__ == "__main__":
    main()
