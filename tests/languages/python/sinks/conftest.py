"""Small programs that run in a target's interpreter with the sinks installed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import mithridate

RUNTIME = Path(mithridate.__file__).parent / "languages" / "python" / "runtime"
PYTHON = os.environ.get("MITHRIDATE_TEST_TARGET_PYTHON") or sys.executable
OPENING, CLOSING = "kq3a9xw0tz", "kq3b7yv1us"
MARKED = f"{OPENING}x{CLOSING}"

DRIVER = """
import json, os, sys
runtime, tree, scratch = sys.argv[1:4]
sys.path.insert(0, runtime)
records = os.open(os.path.join(scratch, "records"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
from mithridate_observer import recording, sinks
recorder = recording.Recorder(lambda record: os.write(records, (json.dumps(record) + "\\n").encode()) and None, {tree: "/src"})
missed = sinks.install(recorder)
sys.path.insert(0, tree)
os.chdir(tree)
import app
out = {}
for phase, data in (("attack", sys.argv[4]), ("control", "plain")):
    recorder.begin(0, phase, [(7, "OPENING", "CLOSING")])
    try:
        out[phase] = {"result": app.run(data), "raised": "", "stopped": False}
    except BaseException as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        stopped = isinstance(error, recording.Stopped)
        out[phase] = {"result": None, "raised": type(error).__name__, "kinds": kinds, "words": str(error), "stopped": stopped}
    recorder.end()
out["missed"] = missed
out["troubles"] = recorder.troubles
with open(os.path.join(scratch, "out"), "w") as file:
    json.dump(out, file, default=repr)
"""


@dataclass
class Seen:
    """What came of a program: run first with marked data, then with plain data."""

    records: list[dict[str, Any]]
    attack: dict[str, Any]
    control: dict[str, Any]
    scratch: Path
    tree: Path
    missed: list[str] = field(default_factory=list)

    def observed(self, sink: str = "") -> list[dict[str, Any]]:
        """Observations of the marked run (of one sink)."""
        found = [record["observed"] for record in self.records if record["phase"] == "attack"]
        return [one for one in found if not sink or one["sink"] == sink]

    def only_frames(self) -> list[dict[str, Any]]:
        """The frames of the single observation of the marked run."""
        (found,) = self.observed()
        frames: list[dict[str, Any]] = found["frames"]
        return frames

    def only(self, sink: str) -> dict[str, Any]:
        """The single observation of the marked run, with the program's frame, while the plain run left none."""
        assert [record for record in self.records if record["phase"] == "control"] == []
        assert [one["sink"] for one in self.observed()] == [sink], self
        found = self.observed()[0]
        assert found["marks"] == [7]
        assert found["frames"][0]["file"] == "/src/app.py"
        assert found["frames"][0]["function"] == "run"
        return found


Observe = Callable[..., Seen]


@pytest.fixture
def observe(tmp_path: Path) -> Observe:
    """Run `source` (whose `run(data)` is called) in the target's interpreter; skip when it lacks one of `needs`."""

    def run(source: str, *needs: str, data: str = MARKED, files: dict[str, str] | None = None) -> Seen:
        for module in needs:
            if subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True, check=False).returncode:
                pytest.skip(f"{PYTHON} has no {module}")
        tree, scratch, temporary = tmp_path / "tree", tmp_path / "scratch", tmp_path / "temporary"
        for place in (tree, scratch, temporary):
            place.mkdir()
        for name, text in {"app.py": source, **(files or {})}.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        driver = DRIVER.replace("OPENING", OPENING).replace("CLOSING", CLOSING)
        done = subprocess.run(
            [PYTHON, "-B", "-c", driver, str(RUNTIME), str(tree), str(scratch), data],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(temporary), "SCRATCH": str(scratch)},
        )
        assert (scratch / "out").exists(), done.stderr
        out = json.loads((scratch / "out").read_text())
        assert out["troubles"] == []
        records = [json.loads(line) for line in (scratch / "records").read_text().splitlines()]
        return Seen(records, out["attack"], out["control"], scratch, tree, out["missed"])

    return run
