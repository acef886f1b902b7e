"""The options that several commands share, each with its MITHRIDATE_* variable, and how their texts become values."""

import math
import os
import re
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mithridate.model.errors import UsageError

NO_HELP_YET = {"help": False}
"""The `default_map` of a group: without it Typer loads pydantic (0.2 s) to find out that `--help` was not asked of the group."""

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[smhd])+|[0-9]+(?:\.[0-9]+)?")
_LONGEST_S = 366 * 86400.0
_LEAST_GIBIBYTES, _MOST_GIBIBYTES = 1 / 16, 4096


class Format(StrEnum):
    """What stdout receives."""

    JSON = "json"
    SARIF = "sarif"
    HTML = "html"
    MD = "md"


class TableFormat(StrEnum):
    """For commands whose answer is a table: the same as data."""

    JSON = "json"


def parse_duration(text: str) -> float:
    """Seconds from `90s`, `10m`, `2h`, `1h30m`, or a plain number of seconds. Raises typer.BadParameter."""
    compact = text.replace(" ", "").lower()
    if not _DURATION.fullmatch(compact):
        raise typer.BadParameter(f"{text!r} is not a duration; write 90s, 10m or 2h")
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", compact)
    seconds = sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
    if not 1 <= seconds <= _LONGEST_S:
        raise typer.BadParameter("a duration must be between one second and a year")
    return seconds


def parse_optional_duration(text: str) -> float:
    """The same, or 0 for "not at all"."""
    return 0.0 if text.strip() in ("0", "0s") else parse_duration(text)


def parse_cost(text: str) -> float:
    """What may be spent: a number from 0. Raises typer.BadParameter."""
    try:
        cost = float(text)
    except ValueError:
        cost = math.nan
    if not 0 <= cost < math.inf:
        raise typer.BadParameter(f"{text!r} is not a cost; write a number such as 12 or 2.5")
    return cost


def parse_gibibytes(text: str) -> int:
    """Bytes, from 64 MiB to 4096 GiB, of a number of GiB such as `4` or `0.5`. Raises typer.BadParameter."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not _LEAST_GIBIBYTES <= number <= _MOST_GIBIBYTES:
        bounds = f"from {_LEAST_GIBIBYTES} to {_MOST_GIBIBYTES}"
        raise typer.BadParameter(f"{text!r} is no amount of memory; write GiB {bounds}, such as 8 or 0.5")
    return int(number * 2**30)


def parse_day(text: str) -> date:
    """A day from `2031-12-31`, or from a number of days ahead such as `90d` (UTC). Raises typer.BadParameter."""
    from mithridate.policy.scope import current_day

    try:
        ahead = re.fullmatch(r"([0-9]{1,4})d", text.strip())
        return current_day() + timedelta(days=int(ahead.group(1))) if ahead else date.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date; write it as 2031-12-31, or 90d for 90 days from now") from None


def default_jobs() -> int:
    """How many cores this process may use."""
    return max(1, len(os.sched_getaffinity(0)))


def home_directory(given: Path | None) -> Path:
    """The data directory, made if it is missing and private to its owner. Raises UsageError when it cannot be used."""
    from platformdirs import user_data_path

    from mithridate.store.home import Home

    home = (given if given is not None else user_data_path("mithridate", appauthor=False)).expanduser().absolute()
    if home.is_dir() and not os.access(home, os.W_OK | os.X_OK):
        raise UsageError(f"the data directory {home} cannot be written", hint="set MITHRIDATE_HOME or --home")
    return Home(home).prepare().root


def as_path(text: str) -> Path:
    """A path as it was typed; Typer's own conversion would load pydantic for it."""
    return Path(text)


def listed_models(given: Path | None, home: Path) -> str:
    """The text of the owner's list of models: the file given, or the one in the data directory; "" when there is neither.

    Raises UsageError when it cannot be read or is none.
    """
    place = given if given is not None else home / "models.toml"
    if given is None and not place.is_file():
        return ""
    from mithridate.policy.providers import load

    return load(place)


HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        envvar="MITHRIDATE_HOME",
        parser=as_path,
        show_default=False,
        help="Where runs, corpora and the audit log live (default: the user's data directory).",
    ),
]
PatchSearchOption = Annotated[
    float,
    typer.Option(
        metavar="DURATION",
        envvar="MITHRIDATE_PATCH_SEARCH",
        parser=parse_optional_duration,
        show_default=False,
        help="Wall time of the fresh hunt that each patch has to withstand (default: a twentieth of its finding's time for "
        "patches, 5s to 60s).",
    ),
]
ModelsOption = Annotated[
    Path | None,
    typer.Option(
        "--models",
        metavar="FILE",
        envvar="MITHRIDATE_MODELS",
        parser=as_path,
        show_default=False,
        help="The list of models that may be asked, as far as the scope allows (default: models.toml in the data directory).",
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option("--format", envvar="MITHRIDATE_FORMAT", show_default=False, help="Print the report in this format."),
]
TableFormatOption = Annotated[
    TableFormat | None,
    typer.Option("--format", envvar="MITHRIDATE_TABLE_FORMAT", show_default=False, help="Print data instead of a table."),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        envvar="MITHRIDATE_OUT",
        parser=as_path,
        show_default=False,
        help="Write results.json, results.sarif, report.html, report.md and proofs/ here.",
    ),
]
SandboxOption = Annotated[
    str,
    typer.Option(
        "--sandbox", metavar="NAME", envvar="MITHRIDATE_SANDBOX", help="bubblewrap, or unsafe-host: no walls, and on record."
    ),
]
ReplaysOption = Annotated[
    int,
    typer.Option("--replays", metavar="N", envvar="MITHRIDATE_REPLAYS", min=1, max=1000, help="A proof must fire N of N times."),
]
