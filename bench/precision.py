"""Does every proof hold, and does correct code stay silent?

    python -m bench.precision [OUT]     OUT is what a scan wrote with --out; without it the bundled example is scanned first

Every bundle in OUT is rebuilt from its own source and replayed 100 times in fresh sandboxes, by `mithridate prove`. Then the
repaired twin of the bundled example is scanned: anything proved there is wrong.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import described, write

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SCOPE = EXAMPLES / "mithridate.scope.toml"
RESULT = Path(__file__).parent / "results" / "precision.md"
PROVED, NOTHING_PROVED = 10, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One bundle and how often it fired; `why` is what the replay says."""

    finding: str
    title: str
    place: str
    fired: int
    replays: int
    holds: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A scan of code without known flaws: what was searched, and what was proved all the same."""

    project: str
    budget_s: int
    executions: int
    entry_points: int
    proved: tuple[str, ...]


def main() -> int:
    """Measure, print and keep the tables; 1 when a proof did not fire every time or something was proved on correct code."""
    arguments = _parser().parse_args()
    machine = described()
    with tempfile.TemporaryDirectory(prefix="bench-precision-") as folder:
        home = Path(folder)
        out = arguments.out or home / "out"
        if arguments.out is None:
            scan(EXAMPLES / "parcel", out, home, arguments.budget)
        replayed = [replay(out, f, bundle, arguments.replays, home) for f, bundle in bundles(out)]
        silence = silent(EXAMPLES / "parcel-fixed", home, arguments.budget)
    text, held = render(machine, replayed, silence, arguments.replays)
    write(RESULT, text)
    return 0 if held else 1


def bundles(out: Path) -> list[tuple[dict[str, Any], Path]]:
    """Each proof of each finding in a scan's output: the finding and where its bundle lies."""
    findings = json.loads((out / "results.json").read_text())["findings"]
    return [(finding, out / proof["bundle"]) for finding in findings for proof in finding["proofs"]]


def replay(out: Path, finding: dict[str, Any], bundle: Path, replays: int, home: Path) -> Replayed:
    """Ask `mithridate prove`. A bundle that cannot be replayed at all did not fire."""
    command = ["prove", str(bundle), "--replays", str(replays), "--format", "json", "--home", str(home)]
    done = subprocess.run([*_program(), *command], capture_output=True, text=True, check=False)
    verdict = json.loads(done.stdout) if done.returncode in (PROVED, NOTHING_PROVED) else {}
    location = finding["location"]
    said = Replayed(
        finding=bundle.relative_to(out).stem,
        title=finding["title"],
        place=f"{location['file']}:{location['line']}",
        fired=verdict.get("fired", 0),
        replays=verdict.get("replays", replays),
        holds=verdict.get("holds", False),
        why=verdict.get("why") or done.stderr.strip()[-200:],
    )
    print(f"{said.finding}: {said.fired} of {said.replays}", file=sys.stderr)
    return said


def scan(tree: Path, out: Path, home: Path, budget_s: int) -> dict[str, Any]:
    """Scan one of the examples and give back its results."""
    print(f"scanning {tree.name} for {budget_s} s", file=sys.stderr)
    budget = ["--budget", f"{budget_s}s", "--patch", "0"]
    command = ["scan", str(tree), "--scope", str(SCOPE), "--home", str(home), "--out", str(out), *budget]
    done = subprocess.run([*_program(), *command], capture_output=True, text=True, check=False)
    if done.returncode not in (PROVED, NOTHING_PROVED):
        raise RuntimeError(f"the scan of {tree.name} ended with {done.returncode}: {done.stderr[-500:]}")
    results: dict[str, Any] = json.loads((out / "results.json").read_text())
    return results


def silent(tree: Path, home: Path, budget_s: int) -> Silence:
    """Scan correct code; everything that is proved on it counts against us."""
    results = scan(tree, home / "silent", home, budget_s)
    return Silence(
        project=tree.name,
        budget_s=budget_s,
        executions=sum(e["executions"] for e in results["entry_points"]),
        entry_points=len(results["entry_points"]),
        proved=tuple(f"{f['title']} at {f['location']['file']}:{f['location']['line']}" for f in results["findings"]),
    )


def render(machine: str, replayed: Sequence[Replayed], silence: Silence, replays: int) -> tuple[str, bool]:
    """The Markdown, and whether everything held. No finding at all is no precision: it does not hold."""
    held = bool(replayed) and all(r.holds for r in replayed) and not silence.proved and silence.executions > 0
    lines = [
        "# Precision",
        "",
        f"`python -m bench.precision` on {machine}.",
        "",
        f"Each proof rebuilt from its bundle and replayed {replays} times in fresh sandboxes by `mithridate prove`.",
        "",
        "| proof | finding | place | fired | holds |",
        "|---|---|---|---|---|",
        *map(_row, replayed),
        "",
        "| correct code | budget | searched | proved | wanted |",
        "|---|---|---|---|---|",
        f"| {silence.project} | {silence.budget_s} s | {silence.executions:,} executions on {silence.entry_points} entry points "
        f"| {len(silence.proved)}{': ' + _cell('; '.join(silence.proved)) if silence.proved else ''} | 0 |",
    ]
    return "\n".join(lines) + "\n", held


def _row(r: Replayed) -> str:
    held = "yes" if r.holds else f"**no**: {_cell(r.why)}"
    return f"| {r.finding} | {_cell(r.title)} | {_cell(r.place)} | {r.fired} of {r.replays} | {held} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "&#124;").split())


def _program() -> list[str]:
    return [str(Path(sys.executable).with_name("mithridate"))]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.precision", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT", help="what a scan wrote (default: scan the example first)")
    parser.add_argument("--replays", type=int, default=100, help="of each proof (default 100)")
    parser.add_argument("--budget", type=int, default=120, metavar="SECONDS", help="of each scan (default 120)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
