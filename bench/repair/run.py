"""Patches for proofs, beside the published fixes.

    python -m bench.repair.run --out DIR PROOF…
    python -m bench.repair.run --out DIR --prepared CASES --runs RUNS [--budget 300] [--only CASE …]

With `--prepared` and `--runs` (of bench.cases): for each case, the proofs of its known flaws that bench.cases.score counts. Each
goes through `mithridate patch BUNDLE`. Of each patch it is also asked whether the published fix touches that file, and how many
lines that changed. Whether a validated patch is right is for a reader to say: the diffs lie in DIR/patches, beside the published
ones. Writes `repair.md` and `repair.jsonl`.
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
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.cases.score import Weakness, Where, read_findings, weakness, where
from bench.cases.truth import read_case
from bench.machine import described, write
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one proof. `stopped` counts the proposals that each step of the gate stopped."""

    name: str
    bundle: str
    status: str
    fix: str
    proposer: str
    lines: int
    published_lines: int
    same_file: bool | None
    seconds: float
    proposals: int
    stopped: dict[str, int] = field(default_factory=dict)
    why: str = ""


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
        fixed = folder / "fixed"
        for bundle in chosen:
            yield Task(name=folder.name, bundle=bundle, vulnerable=folder / "vulnerable", fixed=fixed if fixed.is_dir() else None)


def repair(task: Task, out: Path, budget_s: float) -> Result:
    """Ask for a patch, and compare it with the published fix."""
    started = time.monotonic()
    home = out / "home"
    command = [*_PROGRAM, "patch", str(task.bundle), "--budget", f"{budget_s:.0f}s", "--format", "json"]
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
    stopped = Counter(step for step in [_stopped(told), *(o["stopped_by"] for o in told["others"])] if step)
    published = published_diff(task)
    holds = told["status"] == "validated"
    folder = out / "patches"
    folder.mkdir(exist_ok=True)
    (folder / f"{task.name}-{task.bundle.stem}.diff").write_text(
        f"{told['status']}: {told['cause']} {told['fix']}\n\n{told['diff']}", errors="surrogateescape"
    )
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
        published_lines=_changed(published),
        same_file=bool(ours & theirs) if published else None,
        seconds=seconds,
        proposals=1 + len(told["others"]),
        stopped=dict(stopped),
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


def table(results: Sequence[Result]) -> str:
    """The table, the shares, and which step stopped how many."""
    lines = [
        f"# Patches\n\n{described()}\n",
        "| case | patch | what it does | lines, published | same file | proposals | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in results:
        same = {True: "yes", False: "no", None: "-"}[r.same_file]
        what = r.fix if r.status == "validated" else f"{r.fix} ({r.why})" if r.fix else r.why
        lines.append(
            f"| {r.name} | {r.status} | {what[:160].replace('|', '/')} | {r.lines}, {r.published_lines or '-'} | {same} |"
            f" {r.proposals} | {r.seconds:.0f} |"
        )
    held = [r for r in results if r.status == "validated"]
    share = len(held) / len(results) if results else 0.0
    lines.append(f"\n{len(held)} of {len(results)} proofs have a validated patch ({share:.0%}).")
    if held:
        size, took = (statistics.median(v) for v in ([r.lines for r in held], [r.seconds for r in held]))
        lines.append(f"Of these: median {size:.0f} changed lines, {took:.0f} s.")
    stopped: Counter[str] = Counter()
    for r in results:
        stopped.update(r.stopped)
    lines += ["\n| step of the gate | proposals stopped |", "|---|---|", *(f"| {s} | {n} |" for s, n in stopped.most_common())]
    return "\n".join(lines) + "\n"


def _stopped(told: dict[str, Any]) -> str:
    return next((step["step"] for step in told["gate"] if step["outcome"] == "failed"), "")


def _none(task: Task, seconds: float, why: str) -> Result:
    return Result(
        name=task.name, bundle=task.bundle.name, status="none", fix="", proposer="", lines=0, published_lines=0, same_file=None,
        seconds=seconds, proposals=0, why=why,
    )  # fmt: skip


def _changed(diff: str) -> int:
    return sum(line[:1] in "+-" and line[:3] not in ("+++", "---") for line in diff.splitlines() if line)


def main(arguments: Sequence[str] | None = None) -> None:
    """See the module's own words."""
    parser = argparse.ArgumentParser(prog="bench.repair.run", description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("proofs", nargs="*", type=Path, metavar="PROOF", help="bundles to patch")
    parser.add_argument("--out", type=Path, required=True, help="where results, diffs and the data directory go")
    parser.add_argument("--prepared", type=Path, help="cases that bench.cases.prepare made")
    parser.add_argument("--runs", type=Path, help="what bench.cases.run left there")
    parser.add_argument("--only", nargs="*", default=[], metavar="CASE", help="only these cases")
    parser.add_argument("--budget", type=float, default=300.0, help="seconds for each proof")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    todo = [Task(name=p.stem, bundle=p) for p in given.proofs]
    if given.prepared and given.runs:
        todo += tasks(given.prepared, given.runs, given.only)
    if not todo:
        parser.error("there is no proof to patch")
    results: list[Result] = []
    with (given.out / "repair.jsonl").open("a") as log:
        for task in todo:
            results.append(repair(task, given.out, given.budget))
            log.write(json.dumps(asdict(results[-1])) + "\n")
            log.flush()
            print(f"{task.name}: {results[-1].status} {results[-1].fix or results[-1].why}", file=sys.stderr)
    write(given.out / "repair.md", table(results))


if __name__ == "__main__":
    main()
