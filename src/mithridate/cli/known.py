"""Whether a run that is asked for was ever: of one that was not, "it did nothing" would be an answer that misleads."""

from pathlib import Path

from mithridate.model.errors import UsageError


def require_known(run: str, home: Path) -> None:
    """UsageError when no such run is registered below `home`."""
    from mithridate import pipeline

    if run not in {known.id for known in pipeline.runs(home)}:
        raise UsageError(f"there is no run {run!r}", hint="`mithridate runs` lists them")
