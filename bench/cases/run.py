"""Scan prepared cases, both twins with the same budget and nothing in common, and score them.

    python -m bench.cases.run --prepared DIR --out DIR [--cases ID ...] [--budget SECONDS] [--cores N] [--jobs N]

Writes `results.jsonl` (one line a case, as each ends), `TABLE.md`, and for each case the reports and logs of its scans.
A case that has a line already is not scanned again unless `--again` is given.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cases.score import as_json, prepared, read_findings, read_run, table
from bench.cases.truth import Case

PROVED, NOTHING_PROVED, INTERRUPTED = 10, 0, 130
STOP_S = 60.0
"""How long a program may take to end after an interrupt, in seconds."""
_WAYS = 3
"""Proofs of a finding that are replayed on the fixed twin, until one is silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to scan. `budget_s` is the hunt's wall time for each tree; `grace_s` what building and proving may add to it."""

    program: str
    out: Path
    budget_s: int
    cores: int
    grace_s: int
    replays: int
    twins: bool
    keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """How one scan ended; the exit code is None when it had to be stopped."""

    exit_code: int | None
    wall_s: float


def run_case(case: Case, settings: Settings) -> dict[str, Any]:
    """Scan the twins, replay each finding's proof on the fixed one, and give the case's line of results."""
    folder = settings.out / case.id
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    scans = {"vulnerable": scan(case.vulnerable, folder / "vulnerable", settings)}
    if case.fixed and settings.twins:
        scans["fixed"] = scan(case.fixed, folder / "fixed", settings)
    if case.fixed:
        (folder / "replays.json").write_text(json.dumps(replay_on_fixed(case.fixed, folder, settings)))
    outcome = read_run(case, folder)
    line: dict[str, Any] = {"case": case.id, "known": len(case.truths), "found": [], "found_strict": [], "seconds": None}
    line |= {"matches": [], "findings": 0, "findings_fixed": None, "unmatched": [], "new": []}
    line |= as_json(outcome) if outcome else {}
    line |= {"budget_s": settings.budget_s, "cores": settings.cores}
    line["scans"] = {side: {"exit_code": s.exit_code, "wall_s": round(s.wall_s, 1)} for side, s in scans.items()}
    line["remark"] = "; ".join(f"{side}: {why}" for side, s in scans.items() if (why := _remark(s, folder / side)))
    if not settings.keep:
        for side in ("vulnerable", "fixed"):
            shutil.rmtree(folder / side / "home", ignore_errors=True)
    return line


def scan(tree: Path, folder: Path, settings: Settings) -> Scan:
    """One scan with a home of its own, so that no corpus or build passes from one twin to the other."""
    folder.mkdir(parents=True, exist_ok=True)
    home = ["--home", str(folder / "home")]
    scope = ["scope", "init", str(tree), "--owner", "benchmark", "--until", "30d", "--attest", "--force"]
    started = time.monotonic()
    code = execute([settings.program, *scope], folder / "scope.log", 60)
    if code == 0:
        budget = ["--budget", f"{settings.budget_s}s", "--jobs", str(settings.cores), "--patch", "0"]
        command = [settings.program, "scan", str(tree), "--out", str(folder), *budget, *home]
        code = execute(command, folder / "scan.log", settings.budget_s + settings.grace_s)
    return Scan(exit_code=code, wall_s=time.monotonic() - started)


def replay_on_fixed(fixed: Path, folder: Path, settings: Settings) -> dict[str, bool | None]:
    """By finding id: True when one of its proofs stays silent on the fixed twin, None when that could not be tried.

    The proofs of a finding are different ways to one place, of which a fix may close one and leave what was no flaw of its own.
    """
    results = folder / "vulnerable" / "results.json"
    answers: dict[str, bool | None] = {}
    home = ["--home", str(folder / "fixed" / "home"), "--replays", str(settings.replays)]
    for finding in read_findings(json.loads(results.read_text())) if results.is_file() else []:
        answers[finding.id] = None
        for number, bundle in enumerate(finding.bundles[:_WAYS], 1):
            path = folder / "vulnerable" / bundle
            command = [settings.program, "prove", str(path), "--source", str(fixed), *home]
            code = execute(command, folder / f"replay-{finding.id}-{number}.log", settings.grace_s)
            silent = {NOTHING_PROVED: True, PROVED: False}.get(code if code is not None else -1)
            answers[finding.id] = silent if silent is not None else answers[finding.id]
            if silent:
                break
    return answers


def execute(command: list[str], log: Path, limit_s: float) -> int | None:
    """Run a program with its words into `log`; its exit code, or None when it had to be stopped after `limit_s` seconds."""
    with log.open("wb") as words:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT)
        try:
            return process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return None


def _remark(outcome: Scan, folder: Path) -> str:
    """Why a scan gave nothing, for the table; "" when it went well."""
    if outcome.exit_code in (PROVED, NOTHING_PROVED):
        return ""
    if outcome.exit_code is None:
        return "stopped: out of time"
    words = (folder / "scan.log").read_text(errors="replace") if (folder / "scan.log").is_file() else ""
    said = [w.strip() for w in words.splitlines() if w.strip()]
    last = next((w for w in reversed(said) if w.startswith("mithridate:")), said[-1] if said else "")
    return f"exit {outcome.exit_code}: {last[:160]}".replace("|", "/")


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    arguments = _parser().parse_args(argv)
    out: Path = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        program=arguments.program,
        out=out,
        budget_s=arguments.budget,
        cores=arguments.cores,
        grace_s=arguments.grace,
        replays=arguments.replays,
        twins=not arguments.vulnerable_only,
        keep=arguments.keep,
    )
    lines = out / "results.jsonl"
    done = {r["case"]: r for r in map(json.loads, lines.read_text().splitlines())} if lines.is_file() else {}
    wanted = [c for c in prepared(arguments.prepared.resolve(), arguments.cases) if arguments.again or c.id not in done]
    lock = threading.Lock()

    def one(case: Case) -> None:
        print(f"{case.id}: scanning", file=sys.stderr)
        line = run_case(case, settings)
        if any(s["exit_code"] == INTERRUPTED for s in line["scans"].values()):
            return
        with lock:
            done[case.id] = line
            lines.write_text("".join(json.dumps(r) + "\n" for r in done.values()))
            (out / "TABLE.md").write_text(table(list(done.values())))
        print(f"{case.id}: found {', '.join(line['found']) or 'nothing known'} {line['remark']}", file=sys.stderr)

    pool = ThreadPoolExecutor(max_workers=arguments.jobs)
    try:
        for future in [pool.submit(one, case) for case in wanted]:
            future.result()
    except KeyboardInterrupt:  # the scans receive the same Ctrl-C from the terminal
        pool.shutdown(cancel_futures=True)
        return INTERRUPTED
    print(table(list(done.values())), end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.cases.run", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--prepared", type=Path, required=True, help="what prepare.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="where results, reports and logs go")
    parser.add_argument("--cases", nargs="*", default=[], metavar="ID", help="only cases whose id starts so")
    parser.add_argument("--budget", type=int, default=600, metavar="SECONDS", help="of the hunt, for each tree (default 600)")
    parser.add_argument("--cores", type=int, default=1, help="for each scan (default 1)")
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time (default 1)")
    parser.add_argument("--grace", type=int, default=1800, metavar="SECONDS", help="for building and proving (default 1800)")
    parser.add_argument("--replays", type=int, default=3, help="of each proof on the fixed twin (default 3)")
    parser.add_argument("--program", default=str(Path(sys.executable).with_name("mithridate")), help="the program to run")
    parser.add_argument(
        "--vulnerable-only", action="store_true", help="do not scan the fixed twins; replay proofs on them all the same"
    )
    parser.add_argument("--again", action="store_true", help="scan cases that have a result already")
    parser.add_argument("--keep", action="store_true", help="keep the homes of the scans (builds, corpora)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
