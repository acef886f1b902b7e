from pathlib import Path

import pytest

from mithridate.model.errors import ExitCode
from mithridate.model.run import RunOptions
from mithridate.stages.session import Stores

ASKED = (
    ("ledger", "{run}"),
    ("ledger", "{run}", "--format", "json"),
    ("audit", "show", "--run", "{run}"),
)


@pytest.mark.parametrize("words", [*ASKED, ("approve", "{run}", "F1")], ids=" ".join)
def test_nothing_is_said_of_a_run_that_never_was(mithridate, words: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    done = mithridate(*(word.format(run="20200101-000000-abcdef") for word in words))
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert "there is no run '20200101-000000-abcdef'" in done.stderr


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
def test_of_a_run_that_did_nothing_of_the_kind_nothing_is_shown(mithridate, home: Path, words: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    run = Stores.open(home).runs.create(RunOptions(target="/srv/x", out=""), "")
    done = mithridate(*(word.format(run=run) for word in words))
    assert (done.returncode, done.stdout) in {(0, ""), (0, "[]\n")}
