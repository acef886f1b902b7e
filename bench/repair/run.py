"""Patches for proofs, beside the published fixes.

    python -m bench.repair.run --out DIR PROOF…
    python -m bench.repair.run --out DIR --prepared CASES --runs RUNS [--budget 300] [--only CASE …]
    python -m bench.repair.run --out DIR --read READ.json

With `--prepared` and `--runs` (of bench.cases): for each case, the proofs of its known flaws that bench.cases.score counts. Each
goes through `mithridate patch BUNDLE`, with the corpus of the scan that found it where `bench.cases.run --keep` (or `--home`)
left it. Of each patch it is also asked whether the published fix touches that file, and how many lines that changed. Whether a
validated patch is right is for a reader to say: the diffs lie in DIR/patches, beside the published ones, and what the reader says
goes into a file that maps the names there to `right: why` or `wrong: why`; the last form measures nothing and writes the table
anew with it. Writes `repair.md` and `repair.jsonl`.
"""

import argparse
import difflib
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.cases.score import Weakness, Where, read_findings, weakness, where
from bench.cases.truth import read_case
from bench.machine import described, write
from bench.repair.ablation import ablation, lines_of
from mithridate.model.diff import read

_PROGRAM = [sys.executable, "-c", "from mithridate.cli.main import run; run()"]
_SOURCES = (".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".py")
_LARGEST = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A proof, and the case it belongs to when that is known."""

    name: str
    bundle: Path
    vulnerable: Path | None = None
    fixed: Path | None = None
    home: Path | None = None
    """Where the scan that found it kept its corpus, which the gate compares outputs on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one proof. `candidates` are all its proposals, the best first, as bench.repair.ablation reads them."""

    name: str
    bundle: str
    status: str
    fix: str
    proposer: str
    lines: int
    published_lines: int
    same_file: bool | None
    seconds: float
    candidates: list[tuple[str, str, int]] = field(default_factory=list)
    compared: str = ""
    why: str = ""

    @property
    def key(self) -> str:
        """What its diff is called, and what a reader's word on it goes by."""
        return f"{self.name}-{Path(self.bundle).stem}"


def tasks(prepared: Path, runs: Path, only: Sequence[str]) -> Iterator[Task]:
    """One proof for each known flaw of each case that a run on its vulnerable side found: the best placed one."""
    for folder in sorted(p for p in prepared.iterdir() if (p / "case.json").is_file() and (not only or p.name in only)):
        case, out = read_case(folder / "case.json"), runs / folder.name / "vulnerable"
        if not (out / "results.json").is_file():
            continue
        found = read_findings(json.loads((out / "results.json").read_bytes()))
        chosen: dict[Path, None] = {}
        for truth in case.truths:
            hits = [f for f in found if where(f, truth) >= Where.STACK and weakness(f, truth) > Weakness.OTHER and f.bundles]
            if hits:
                best = max(hits, key=lambda f, t=truth: (where(f, t), weakness(f, t), f.id))  # type: ignore[misc]
                chosen[out / best.bundles[0]] = None
        fixed, home = folder / "fixed", out / "home"
        for bundle in chosen:
            yield Task(
                name=folder.name,
                bundle=bundle,
                vulnerable=folder / "vulnerable",
                fixed=fixed if fixed.is_dir() else None,
                home=home if home.is_dir() else None,
            )


def repair(task: Task, out: Path, budget_s: float, jobs: int) -> Result:
    """Ask for a patch, and compare it with the published fix."""
    started = time.monotonic()
    home = task.home or out / "home"
    command = [
        *_PROGRAM,
        "patch",
        str(task.bundle),
        "--budget",
        f"{budget_s:.0f}s",
        "--format",
        "json",
        "--no-test",
        "--jobs",
        str(jobs),
    ]
    env = {**os.environ, "MITHRIDATE_HOME": str(home)}
    with (out / "log.txt").open("ab") as log:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, env=env, check=False)
    seconds = time.monotonic() - started
    try:
        told: dict[str, Any] | None = json.loads(done.stdout)
    except ValueError:
        return _none(task, seconds, f"ended with {done.returncode}")
    if told is None:
        return _none(task, seconds, "nobody proposed a patch")
    candidates = [(told["status"], _stopped(told), told["added"] + told["removed"])]
    candidates += [(o["status"], o["stopped_by"] or "", lines_of(o["diff"])) for o in told["others"]]
    published = published_diff(task)
    holds = told["status"] == "validated"
    folder = out / "patches"
    folder.mkdir(exist_ok=True)
    (folder / f"{task.name}-{task.bundle.stem}.diff").write_text(
        f"{told['status']}: {told['cause']} {told['fix']}\n\n{told['diff']}", errors="surrogateescape"
    )
    (folder / f"{task.name}-{task.bundle.stem}.json").write_text(json.dumps(told, indent=1))
    if published:
        (folder / f"{task.name}-{task.bundle.stem}.published.diff").write_text(published, errors="surrogateescape")
    theirs = {re.sub(r"^[ab]/", "", line[4:].split("\t")[0]) for line in published.splitlines() if line.startswith("+++ ")}
    ours = {file.path for file in read(told["diff"])}
    return Result(
        name=task.name,
        bundle=task.bundle.name,
        status=told["status"],
        fix=told["fix"],
        proposer=told["proposer"],
        lines=told["added"] + told["removed"],
        published_lines=lines_of(published),
        same_file=bool(ours & theirs) if published else None,
        seconds=seconds,
        candidates=candidates,
        compared=", ".join(s["step"] for s in told["gate"] if s["step"] in ("tests", "outputs") and s["outcome"] == "passed"),
        why="" if holds else next((s["evidence"][0] for s in told["gate"] if s["outcome"] == "failed"), ""),
    )


def published_diff(task: Task) -> str:
    """The difference of the twins' sources; "" where there is no fixed twin."""
    if task.vulnerable is None or task.fixed is None:
        return ""
    found: list[str] = []
    for path in sorted(p for p in task.vulnerable.rglob("*") if p.suffix in _SOURCES and p.is_file() and not p.is_symlink()):
        name = path.relative_to(task.vulnerable)
        other = task.fixed / name
        if not other.is_file() or path.stat().st_size > _LARGEST:
            continue
        ours, theirs = (p.read_text("utf-8", "surrogateescape").splitlines() for p in (path, other))
        if ours != theirs:
            found += difflib.unified_diff(ours, theirs, f"a/{name}", f"b/{name}", lineterm="")
    return "\n".join(found)


def table(results: Sequence[Result], read_as: Mapping[str, str]) -> str:
    """The table, the shares, and which step stopped how many. `read_as` is what a reader said of the diffs, by Result.key."""
    lines = [
        f"# Patches\n\n{described()}\n",
        "| case | patch | by reading | what it does | compared | lines, published | same file | proposals | seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        same = {True: "yes", False: "no", None: "-"}[r.same_file]
        what = r.fix if r.status == "validated" else f"{r.fix} ({r.why})" if r.fix else r.why
        lines.append(
            f"| {r.name} | {r.status} | {read_as.get(r.key, '-')} | {what[:160].replace('|', '/')} | {r.compared or '-'} |"
            f" {r.lines}, {r.published_lines or '-'} | {same} | {len(r.candidates)} | {r.seconds:.0f} |"
        )
    held = [r for r in results if r.status == "validated"]
    share = len(held) / len(results) if results else 0.0
    lines.append(f"\n{len(held)} of {len(results)} proofs have a validated patch ({share:.0%}).")
    if held:
        size, took = (statistics.median(v) for v in ([r.lines for r in held], [r.seconds for r in held]))
        lines.append(f"Of these: median {size:.0f} changed lines, {took:.0f} s.")
    judged = [r for r in held if r.key in read_as]
    if judged:
        right = sum(read_as[r.key].startswith("right") for r in judged)
        lines.append(f"By reading, {right} of {len(judged)} validated patches are right.")
    return "\n".join(lines) + "\n\n" + ablation([r.candidates for r in results])


def _stopped(told: dict[str, Any]) -> str:
    return next((step["step"] for step in told["gate"] if step["outcome"] == "failed"), "")


def _none(task: Task, seconds: float, why: str) -> Result:
    return Result(
        name=task.name, bundle=task.bundle.name, status="none", fix="", proposer="", lines=0, published_lines=0, same_file=None,
        seconds=seconds, why=why,
    )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """See the module's own words."""
    parser = argparse.ArgumentParser(prog="bench.repair.run", description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("proofs", nargs="*", type=Path, metavar="PROOF", help="bundles to patch")
    parser.add_argument("--out", type=Path, required=True, help="where results, diffs and the data directory go")
    parser.add_argument("--prepared", type=Path, help="cases that bench.cases.prepare made")
    parser.add_argument("--runs", type=Path, help="what bench.cases.run left there")
    parser.add_argument("--only", nargs="*", default=[], metavar="CASE", help="only these cases")
    parser.add_argument("--budget", type=float, default=300.0, help="seconds for each proof")
    parser.add_argument("--jobs", type=int, default=1, help="cores for each proof")
    parser.add_argument("--home", type=Path, help="where the scan that the proofs come from kept its corpus")
    parser.add_argument("--read", type=Path, metavar="JSON", help="what a reader said of the diffs")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    read_as: dict[str, str] = json.loads(given.read.read_text()) if given.read else {}
    todo = [Task(name=p.stem, bundle=p, home=given.home) for p in given.proofs]
    if given.prepared and given.runs:
        todo += tasks(given.prepared, given.runs, given.only)
    if not todo and not given.read:
        parser.error("there is no proof to patch")
    kept = given.out / "repair.jsonl"
    results = [Result(**json.loads(line)) for line in kept.read_text().splitlines()] if given.read and not todo else []
    with kept.open("a") as log:
        for task in todo:
            results.append(repair(task, given.out, given.budget, given.jobs))
            log.write(json.dumps(asdict(results[-1])) + "\n")
            log.flush()
            print(f"{task.name}: {results[-1].status} {results[-1].fix or results[-1].why}", file=sys.stderr)
    write(given.out / "repair.md", table(results, read_as))


if __name__ == "__main__":
    main()
