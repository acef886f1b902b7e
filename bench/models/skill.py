"""Precision and recall with a scripted hunter of given skill and rate of lies.

    python -m bench.models.skill OUT [--budget 3]

Writes OUT/models.md and OUT/models.json. Each row is one whole scan of the program in planted.py, over real HTTP on loopback.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.machine import described
from bench.models import planted
from bench.models.scripted import serving

SKILLS = (0.0, 0.25, 0.5, 0.75, 1.0)
LIES = (0.0, 0.5, 2.0)
_PROGRAM = Path(sys.executable).with_name("mithridate")
_ALL = '["names", "signatures", "excerpts", "files", "findings", "proofs"]'
_LIST = """\
order = ["scripted"]
roles = ["hunter"]
[provider.scripted]
kind = "openai-compatible"
model = "scripted"
operator = "the bench"
jurisdiction = "loopback"
retention = "none"
may_see = {all}
address = "{address}"
eur_per_million_input = 1.0
eur_per_million_output = 10.0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scan. `precision` is None where nothing was found."""

    skill: float
    lies: float
    claims: int
    found: int
    true: int
    recall: float
    precision: float | None
    seconds: float


def rows(place: Path, skills: tuple[float, ...] = SKILLS, lies: tuple[float, ...] = LIES, budget_s: float = 3) -> Iterator[Row]:
    """Scan with each hunter, each time with a data directory that holds builds and nothing that another scan has found."""
    target = planted.write(place)
    builds = place / "builds"
    environment = {**os.environ, "MITHRIDATE_HOME": str(place / "first"), "MITHRIDATE_PATCH": "0", "TERM": "dumb"}
    scope: list[str | Path] = [_PROGRAM, "scope", "init", target, "--owner", "the bench", "--until", "30d", "--attest"]
    subprocess.run(scope, env=environment, check=True, capture_output=True)
    written = target / "mithridate.scope.toml"
    text = written.read_text().replace("models = []", 'models = ["scripted"]')
    written.write_text(text.replace("[what]", f"[disclose]\nscripted = {_ALL}\n\n[what]"))
    for rate in lies:
        for skill in skills:
            hunter = planted.Hunter(skill=skill, lies=rate)
            with serving(hunter) as server:
                listed = place / "models.toml"
                listed.write_text(_LIST.format(all=_ALL, address=server.address))
                home = Path(tempfile.mkdtemp(prefix="home-", dir=place))
                if builds.is_dir():
                    shutil.copytree(builds, home / "builds", symlinks=True)
                yield _row(hunter, target, listed, {**environment, "MITHRIDATE_HOME": str(home)}, budget_s)
                if not builds.is_dir():
                    shutil.copytree(home / "builds", builds, symlinks=True)
                shutil.rmtree(home)


def _row(hunter: planted.Hunter, target: Path, listed: Path, environment: dict[str, str], budget_s: float) -> Row:
    started = time.monotonic()
    engine = ("--engine", "libfuzzer", "--budget", f"{budget_s:g}s", "--replays", "5")
    done = subprocess.run(
        [_PROGRAM, "scan", target, "--models", listed, "--format", "json", *engine],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode not in {0, 10}:
        raise RuntimeError(done.stderr)
    results = json.loads(done.stdout)
    places = [f["location"]["function"] for f in results["findings"]]
    true = {name for name in places if name.startswith("read_part")}
    return Row(
        skill=hunter.skill,
        lies=hunter.lies,
        claims=len(results["leads"]),
        found=len(places),
        true=len(true),
        recall=len(true) / planted.FLAWS,
        precision=len(true) / len(places) if places else None,
        seconds=round(time.monotonic() - started, 1),
    )


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--budget", type=float, default=3.0)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        made = list(rows(Path(name), budget_s=asked.budget))
    (asked.out / "models.json").write_text(json.dumps([asdict(row) for row in made], indent=2) + "\n")
    lines = [
        "# A scripted hunter",
        "",
        f"`python -m bench.models.skill OUT --budget {asked.budget:g}` on {described()}.",
        "",
        f"{planted.FLAWS} planted flaws behind words of eight bytes; libFuzzer for {asked.budget:g} s finds none of them. `lies`",
        "are false claims, with inputs, for each true one. Precision is the share of true findings among all findings.",
        "",
        "| skill | lies | claims | findings | recall | precision | seconds |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in made:
        precision = "nothing found" if row.precision is None else f"{row.precision:.2f}"
        asked_of = f"| {row.skill:.2f} | {row.lies:.1f} | {row.claims} |"
        lines.append(f"{asked_of} {row.found} | {row.recall:.2f} | {precision} | {row.seconds:.0f} |")
    lines += ["", *plot(made)]
    (asked.out / "models.md").write_text("\n".join(lines) + "\n")


def plot(made: Sequence[Row]) -> Iterator[str]:
    """Recall by skill, a line for each rate of lies, as a chart that readers of Markdown draw (Mermaid)."""
    by_skill = sorted(made, key=lambda row: row.skill)
    rates = sorted({row.lies for row in made})
    skills = ", ".join(dict.fromkeys(f"{row.skill:.2f}" for row in by_skill))
    told = ", ".join(f"{rate:g}" for rate in rates)
    yield f"Recall by skill, a line for each rate of lies ({told}; equal ones hide each other):"
    yield from ("", "```mermaid", "xychart-beta", f'    x-axis "skill" [{skills}]', '    y-axis "recall" 0 --> 1')
    for rate in rates:
        yield f"    line [{', '.join(f'{row.recall:.2f}' for row in by_skill if row.lies == rate)}]"
    yield "```"


if __name__ == "__main__":
    main()
