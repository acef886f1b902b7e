"""A vulnerable module of a few lines, attacked, repaired and attacked again; everything that runs, runs in the sandbox."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libcst

from mithridate.languages.python.observer import ENVIRONMENT, INTERPRETER, OBSERVER, RUNTIME
from mithridate.model.execution import Command, Limits, Mount
from mithridate.model.patch import Proposal
from mithridate.model.project import BuildSystem, Component, Project
from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.oracles.documents import judged
from mithridate.repair.diff import apply
from mithridate.repair.interface import Shown, Subject
from mithridate.repair.proposers.registry import create
from mithridate.sandbox.bubblewrap import Bubblewrap

OPENING, CLOSING = "\ue000\ue100", "\ue001\ue100"
PACKAGES = Path(libcst.__file__).parent.parent
Record = dict[str, Any]


def marked(text: str) -> str:
    return OPENING + text + CLOSING


def get(path: str, method: str = "GET", **members: Any) -> Record:
    return {"request": {"method": method, "path": path, **members}}


def call(target: str, *arguments: Any, **members: Any) -> Record:
    return {"call": {"target": target, "args": list(arguments), **members}}


def pair(control: Record, attack: Record) -> bytes:
    return json.dumps({"version": 1, "control": [control], "attack": [attack]}).encode()


@dataclass(frozen=True)
class Ran:
    """What one document did: its violations, the answers of its harmless phase and of its attack, why the door was shut."""

    violations: tuple[Violation, ...]
    control: list[Record]
    attack: list[Record]
    failed: str = ""

    @property
    def kinds(self) -> set[ViolationKind]:
        return {v.kind for v in self.violations}

    def harmless(self) -> list[Any]:
        return [(a.get("status"), a.get("body"), a.get("returned"), a.get("raised")) for a in self.control]


def run(tree: Path, door: Record, documents: Sequence[bytes]) -> list[Ran]:
    """Documents through a door into a tree, in the sandbox, with the packages that the tests have."""
    inputs = tree.parent / f"{tree.name}-in"
    (inputs / "in").mkdir(parents=True, exist_ok=True)
    (inputs / "door.json").write_text(json.dumps({"paths": ["/src"], "environment": {}, "writable": True, "targets": [], **door}))
    for number, data in enumerate(documents):
        (inputs / "in" / f"{number:04}.json").write_bytes(data)
    mounts = (
        Mount(source=tree, target="/src"),
        Mount(source=RUNTIME, target=OBSERVER),
        Mount(source=PACKAGES, target="/build/env"),
        Mount(source=inputs, target="/in"),
    )
    argv = (INTERPRETER, f"{OBSERVER}/run.py", "batch", "/in/door.json", "/in/in", "--each", "3")
    command = Command(argv=argv, env={**ENVIRONMENT, "PYTHONPATH": "/build/env"})
    done = Bubblewrap().run(command, mounts, Limits(wall_s=100.0, output_bytes=8 << 20))
    made = judged(done.stdout, documents)
    records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
    failed = next((str(r["failed"]) for r in records if "failed" in r), "" if made else done.stderr.decode()[-2000:])

    def answers(number: int, phase: str) -> list[Record]:
        mine = [r for r in records if r.get("run") == number and r.get("phase") == phase]
        tokens = [token for r in mine for _, *pair in r.get("marks", ()) for token in pair]
        return [json.loads(_plain(json.dumps(r["answer"]), tokens)) for r in mine if "answer" in r]

    return [Ran(made.get(n, ((), ()))[0], answers(n, "control"), answers(n, "attack"), failed) for n in range(len(documents))]


def _plain(text: str, tokens: Sequence[str]) -> str:
    """Without the tokens that stand for marks, which are others in each run."""
    for token in tokens:
        text = text.replace(token, "")
    return text


def subject(tree: Path, violation: Violation, data: bytes = b"") -> Subject:
    return Subject(
        finding="F1",
        cwe=0,
        project=Project(name="small", origin="small", snapshot="s" * 64, tree=tree, files=1, size_bytes=0),
        component=Component(id="small", language="python", path=".", system=BuildSystem.PYTHON),
        proofs=(Shown(entry_id="small", data=data, violation=violation),),
        benign={},
    )


def proposals(tree: Path, violation: Violation) -> list[Proposal]:
    """What all proposers say, the lowest rank first."""
    asked = subject(tree, violation)
    found = [p for proposer in create() for p in proposer.propose(asked, None)]  # type: ignore[arg-type]  # none looks at it
    return sorted(found, key=lambda p: p.rank)


def at(kind: ViolationKind, line: int, function: str, file: str = "app.py") -> Violation:
    """A violation that was seen at a line, for tests that run nothing."""
    frame = Frame(function=function, file=f"/src/{file}", line=line)
    return Violation(kind=kind, detector="confinement", message="", frames=(frame,))


def patched(tree: Path, proposal: Proposal, place: Path) -> Path:
    """A copy of the tree with the proposal in it."""
    for path in tree.rglob("*"):
        if path.is_file():
            copy = place / path.relative_to(tree)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    apply(proposal.diff, place)
    return place
