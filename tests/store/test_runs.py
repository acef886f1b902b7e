import subprocess
import sys
from pathlib import Path

import pytest

from mithridate.model.errors import UsageError
from mithridate.model.run import RunOptions
from mithridate.store.database import open_database
from mithridate.store.home import Home
from mithridate.store.runs import Runs, RunState, _complete


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").prepare()


@pytest.fixture
def runs(home: Home) -> Runs:
    return Runs(open_database(home.database_url), home)


OPTIONS = RunOptions(target="/some/where", out="", budget_s=12.5, engines=("libfuzzer",))


def test_a_run_remembers_what_was_asked(runs: Runs) -> None:
    run_id = runs.create(OPTIONS, "the scope's text")
    record = runs.load(run_id)
    assert (record.options, record.scope, record.state) == (OPTIONS, "the scope's text", RunState.RUNNING)


def test_a_run_whose_process_is_gone_counts_as_interrupted(runs: Runs) -> None:
    run_id = runs.create(OPTIONS, "")
    with runs.exclusively(run_id):
        assert runs.list()[0].state is RunState.RUNNING
    assert runs.list()[0].state is RunState.INTERRUPTED
    assert runs.latest(RunState.INTERRUPTED) == run_id


def test_two_processes_cannot_work_on_one_run(runs: Runs, home: Home) -> None:
    run_id = runs.create(OPTIONS, "")
    script = f"import fcntl, os, time; fd = os.open({str(home.run(run_id) / 'lock')!r}, os.O_RDWR | os.O_CREAT)"
    script += "; fcntl.flock(fd, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match="another process"), runs.exclusively(run_id):
            pass
        other.kill()
    with runs.exclusively(run_id):  # the kernel let go with the process
        pass


def test_an_unknown_run_and_an_unfinished_report_are_said_plainly(runs: Runs) -> None:
    with pytest.raises(UsageError, match="there is no run 'nope'"):
        runs.load("nope")
    with pytest.raises(UsageError, match="not finished"):
        runs.report(runs.create(OPTIONS, ""))
    with pytest.raises(UsageError, match="no such run"):
        runs.latest(RunState.DONE)


def test_what_an_older_version_pickled_gets_the_members_that_it_did_not_know() -> None:
    kept = object.__new__(RunOptions)
    object.__setattr__(kept, "target", "/some/where")
    _complete(kept)
    assert (kept.target, kept.patch_s, kept.given) == ("/some/where", 0.0, ())
