"""The tests' program is forked off a loaded one: it is what users start, by all that can be seen of it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from tests import loaded
from tests.e2e.program import PROGRAM, Mithridate


def environment(place: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MITHRIDATE_")}
    return {**kept, "MITHRIDATE_HOME": str(place / "home"), "TERM": "dumb", "COLUMNS": "100", "MITHRIDATE_SANDBOX": "unheard of"}


@pytest.mark.parametrize(
    "words",
    [
        ("--version",),
        ("scan", "--help"),
        ("scan", "nowhere"),
        ("scan", "--no-such-option"),
        ("scan", "here"),
        ("scope", "show", "here"),
        ("runs",),
        ("report", "nothing"),
        ("prove", "here/name \udcff\n"),
        ("patch", "here", "--proof", "missing"),
    ],
    ids=" ".join,
)
def test_the_two_say_the_same(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "here").mkdir()
    env = environment(tmp_path)
    real = subprocess.run(
        [PROGRAM, *words],
        env=env,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )
    forked = loaded.ran(*words, env=env, cwd=tmp_path, timeout=60)
    assert (forked.returncode, forked.stdout, forked.stderr) == (real.returncode, real.stdout, real.stderr)
    assert real.stdout or real.stderr


def test_a_signal_ends_it_as_it_ends_a_process(mithridate: Mithridate, target: Path) -> None:
    process = mithridate.scan(target, "--budget", "1h")
    assert process.wait_for("hunt"), process.words
    environ = Path(f"/proc/{process.started.pid}/environ").read_bytes()
    assert os.getpid() != process.started.pid and environ
    assert process.signal(signal.SIGKILL) == -signal.SIGKILL
    assert not Path(f"/proc/{process.started.pid}").exists()


def test_one_that_takes_too_long_is_killed(mithridate: Mithridate, target: Path, tmp_path: Path) -> None:
    env = environment(tmp_path) | {"MITHRIDATE_SANDBOX": "bubblewrap"}
    with pytest.raises(subprocess.TimeoutExpired):
        loaded.ran("scan", str(target), "--budget", "1h", env=env, timeout=2)
    assert not mithridate.processes()
