"""OWASP BenchmarkPython: true and false positives by category, side by side with pattern scanners in one run.

    python -m bench.injection.owasp --tree PATH --out DIR [--rewrite SCRIPT] [--budget SECONDS] [--rules DIR]
        [--peers DIR] [--only mithridate|peers]

`--tree` is a checkout of the public repository OWASP-Benchmark/BenchmarkPython (0.1). It is copied; the copy loses its answers
and results, and what an older interpreter cannot read is put right: `--rewrite` is a program that is given the copy (f-strings of
Python 3.12), and the line `con.autocommit = True` of its database helper goes. Semgrep runs when `--rules` names a directory with
its public Python rules; `--peers` is where their programs are installed.
Writes `owasp.md` and `owasp.json`, with what each tool missed and said wrongly.
"""

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.machine import described

FAMILIES: Mapping[str, frozenset[int]] = {
    "cmdi": frozenset({77, 78, 88}),
    "codeinj": frozenset({94, 95, 96, 1336}),
    "deserialization": frozenset({502}),
    "hash": frozenset({327, 328, 326, 916}),
    "ldapi": frozenset({90, 943}),
    "pathtraver": frozenset({22, 23, 36, 73}),
    "redirect": frozenset({601}),
    "securecookie": frozenset({614}),
    "sqli": frozenset({89, 564, 943}),
    "trustbound": frozenset({501}),
    "weakrand": frozenset({330, 331, 338}),
    "xpathi": frozenset({643, 91}),
    "xss": frozenset({79, 80}),
    "xxe": frozenset({611, 827, 776}),
}
"""CWEs that count for a category, whichever tool says them."""

_CASE = re.compile(r"BenchmarkTest\d{5}")
_ANSWERS = ("expectedresults*.csv", "results", "scorecard", "scripts", "*.sh", "scoringconfigfile.yaml", ".git", "README.md")
_MODEL_CWE = re.compile(r"CWE-(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What is true of one case."""

    case: str
    category: str
    vulnerable: bool


@dataclass(slots=True, kw_only=True)
class Tally:
    """How a tool did. `said` are the (case, category) pairs that it reported; times in wall seconds."""

    tool: str
    said: set[tuple[str, str]] = field(default_factory=set)
    wall_s: float = 0.0
    note: str = ""

    def counts(self, labels: Iterable[Label]) -> tuple[int, int, int, int]:
        """(true positives, false positives, misses, true negatives) over `labels`."""
        tp = fp = fn = tn = 0
        for label in labels:
            reported = (label.case, label.category) in self.said
            tp += reported and label.vulnerable
            fp += reported and not label.vulnerable
            fn += not reported and label.vulnerable
            tn += not reported and not label.vulnerable
        return tp, fp, fn, tn


def f1(counts: tuple[int, int, int, int]) -> float:
    """The harmonic mean of precision and recall."""
    tp, fp, fn, _ = counts
    return 2 * tp / (2 * tp + fp + fn) if tp else 0.0


def prepare(tree: Path, out: Path, rewrite: Path | None, peers: Path) -> tuple[Path, list[Label]]:
    """A copy of the suite without its answers, and the answers."""
    answers = next(iter(sorted(tree.glob("expectedresults-*.csv"))), None)
    if answers is None:
        raise SystemExit(f"{tree} has no expectedresults-*.csv: is it a checkout of BenchmarkPython?")
    rows = [row for row in csv.reader(answers.open()) if row and _CASE.fullmatch(row[0])]
    labels = [Label(case=row[0], category=row[1], vulnerable=row[2] == "true") for row in rows]
    copy = out / "suite"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(*_ANSWERS))
    helper = copy / "helpers" / "db_sqlite.py"
    if helper.exists():
        helper.write_text("".join(line for line in helper.open() if "con.autocommit" not in line))
    if rewrite is not None:
        subprocess.run([str(peers / "python"), str(rewrite), str(copy)], check=True, stdout=subprocess.DEVNULL)
    return copy, labels


def mithridate(suite: Path, out: Path, budget_s: int) -> Tally:
    """Our own scan; a finding belongs to the case whose code is on its stack."""
    home, results = out / "home", out / "mithridate"
    shutil.rmtree(home, ignore_errors=True)
    program = str(Path(sys.executable).parent / "mithridate")
    environment = {**os.environ, "MITHRIDATE_HOME": str(home)}
    subprocess.run(
        [program, "scope", "init", str(suite), "--owner", "benchmark", "--until", "30d", "--attest", "--force"],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    started = time.monotonic()
    with (out / "mithridate.log").open("w") as log:
        done = subprocess.run(
            [program, "scan", str(suite), "--out", str(results), "--budget", f"{budget_s}s", "--patch", "0"],
            env=environment,
            stderr=log,
            stdout=log,
        )
    tally = Tally(tool="Mithridate", wall_s=time.monotonic() - started)
    if done.returncode not in (0, 10):
        raise SystemExit(f"the scan ended with {done.returncode}; see {out / 'mithridate.log'}")
    found = json.loads((results / "results.json").read_text())["findings"]
    for finding in found:
        files = [finding["location"]["file"], *(frame["file"] for frame in finding["stack"])]
        case = next((m[0] for f in files if (m := _CASE.search(f or ""))), None)
        if case:
            tally.said |= _categories(case, int(finding["cwe"]))
    proved = sum(f["status"] == "proved" for f in found)
    tally.note = f"{proved} proved, {len(found) - proved} observed"
    return tally


def bandit(suite: Path, out: Path, program: Path) -> Tally:
    """Bandit with its default rules, at every severity and confidence."""
    report = out / "bandit.json"
    started = time.monotonic()
    subprocess.run(
        [str(program), "-q", "-r", str(suite / "testcode"), "-f", "json", "-o", str(report)],
        stderr=subprocess.DEVNULL,
        check=False,
    )
    tally = Tally(tool="Bandit", wall_s=time.monotonic() - started)
    for issue in json.loads(report.read_text())["results"]:
        case = _CASE.search(issue["filename"])
        if case:
            tally.said |= _categories(case[0], int(issue.get("issue_cwe", {}).get("id", 0)))
    return tally


def semgrep(suite: Path, out: Path, rules: Path, program: Path) -> Tally:
    """Semgrep with the rules of a directory."""
    report = out / "semgrep.json"
    started = time.monotonic()
    quiet = ["--metrics=off", "--disable-version-check"]
    subprocess.run(
        [str(program), "scan", *quiet, "--config", str(rules), "--json", "-o", str(report), "-j", "2", str(suite / "testcode")],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    tally = Tally(tool="Semgrep", wall_s=time.monotonic() - started)
    for result in json.loads(report.read_text())["results"]:
        case = _CASE.search(result["path"])
        cwes: Any = result["extra"].get("metadata", {}).get("cwe", [])
        for text in [cwes] if isinstance(cwes, str) else cwes:
            if case and (number := _MODEL_CWE.search(text)):
                tally.said |= _categories(case[0], int(number[1]))
    return tally


def _categories(case: str, cwe: int) -> set[tuple[str, str]]:
    return {(case, category) for category, family in FAMILIES.items() if cwe in family}


def table(labels: list[Label], tallies: list[Tally]) -> str:
    """The result as Markdown: totals of each tool, then each category."""
    lines = ["| tool | true positives | false positives | missed | F1 | seconds | |", "|---|---|---|---|---|---|---|"]
    for tally in tallies:
        counts = tally.counts(labels)
        tp, fp, fn, _ = counts
        lines.append(f"| {tally.tool} | {tp} | {fp} | {fn} | {f1(counts):.3f} | {tally.wall_s:.0f} | {tally.note} |")
    lines += ["", "| category | vulnerable | safe | " + " | ".join(f"{t.tool}: TP / FP" for t in tallies) + " |"]
    lines.append("|---|---|---|" + "---|" * len(tallies))
    for category in FAMILIES:
        mine = [label for label in labels if label.category == category]
        bad = sum(label.vulnerable for label in mine)
        each = [f"{t.counts(mine)[0]} / {t.counts(mine)[1]}" for t in tallies]
        lines.append(f"| {category} | {bad} | {len(mine) - bad} | " + " | ".join(each) + " |")
    return "\n".join(lines) + "\n"


def wrong(labels: list[Label], tally: Tally) -> dict[str, list[str]]:
    """What a tool missed and what it said wrongly, by name."""
    said = [((label.case, label.category) in tally.said, label) for label in labels]
    return {
        "missed": [f"{x.case} {x.category}" for reported, x in said if x.vulnerable and not reported],
        "false": [f"{x.case} {x.category}" for reported, x in said if reported and not x.vulnerable],
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rewrite", type=Path)
    parser.add_argument("--budget", type=int, default=180)
    parser.add_argument("--rules", type=Path)
    parser.add_argument("--peers", type=Path, default=Path(sys.executable).parent)
    parser.add_argument("--only", choices=["mithridate", "peers"], help="our own scan, or the other tools")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    suite, labels = prepare(given.tree, given.out, given.rewrite, given.peers)
    tallies = [] if given.only == "peers" else [mithridate(suite, given.out, given.budget)]
    if given.only != "mithridate":
        tallies.append(bandit(suite, given.out, given.peers / "bandit"))
        if given.rules:
            tallies.append(semgrep(suite, given.out, given.rules, given.peers / "semgrep"))
    text = f"# OWASP BenchmarkPython 0.1\n\n{described()}\n\n{table(labels, tallies)}"
    (given.out / "owasp.md").write_text(text)
    (given.out / "owasp.json").write_text(json.dumps({t.tool: wrong(labels, t) for t in tallies}, indent=1))
    print(text)


if __name__ == "__main__":
    main()
