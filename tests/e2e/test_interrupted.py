"""Where the temporary files of a run lie, as seen by a step that still works when its run was interrupted."""

import gc
import tempfile
import threading
from datetime import date
from pathlib import Path

import pytest

from mithridate import pipeline
from mithridate.model.errors import Interrupted
from mithridate.model.run import RunOptions
from mithridate.policy.scope import Attestation, Scope
from mithridate.stages.session import Session


class Silent:
    """Hears everything and says nothing."""

    def __getattr__(self, _name: str) -> object:
        return lambda *_arguments, **_words: None


def ended(outcome: object, place: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The run's area, and the directory of temporary files after its workflow came to `outcome`."""
    areas: list[Path] = []

    def workflow(_run_id: str, session: Session) -> object:
        areas.append(session.area)
        assert Path(tempfile.gettempdir()).is_relative_to(session.area)
        if isinstance(outcome, KeyboardInterrupt):
            raise outcome
        return outcome

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(pipeline, "_see_through", workflow)
    target = place / "target"
    target.mkdir()
    scope = Scope(
        owner="the tests",
        path=target,
        until=date.max,
        attestation=Attestation(sentence="I may.", attested_by="the tests", date=date.today()),
    )
    options = RunOptions(target=str(target), out="")
    with pytest.raises((Interrupted, ZeroDivisionError, KeyboardInterrupt)):
        pipeline.scan(options, scope, place / "home", Silent(), threading.Event())  # type: ignore[arg-type]
    gc.unfreeze()  # a run freezes what its process holds
    return areas[0], Path(tempfile.gettempdir())


def test_what_an_interrupted_step_still_writes_stays_in_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    area, directory = ended(None, tmp_path, monkeypatch)
    assert directory.is_relative_to(area)


@pytest.mark.parametrize("outcome", [ZeroDivisionError("told"), KeyboardInterrupt()])
def test_a_run_that_ended_gives_the_directory_back(
    outcome: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    area, directory = ended(outcome, tmp_path, monkeypatch)
    assert not directory.is_relative_to(area)
