import contextlib

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from mithridate.cli.options import parse_day, parse_duration, parse_gibibytes


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1h30m", 5400), ("45", 45), ("1.5h", 5400), (" 2 H ", 7200)]
)
def test_durations_people_write(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "10x", "-5m", "1e9", "0s", "inf", "nan", "9999999h", "10m5", "٣m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_duration(text)


@given(st.text())
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with contextlib.suppress(typer.BadParameter):
        assert 1 <= parse_duration(text) <= 366 * 86400


@pytest.mark.parametrize(
    ("text", "mebibytes"), [("4", 4096), ("0.5", 512), ("0.0625", 64), ("4096", 4096 << 10), (" 1e1 ", 10240)]
)
def test_memory_is_told_in_gibibytes(text: str, mebibytes: int) -> None:
    assert parse_gibibytes(text) == mebibytes << 20


@pytest.mark.parametrize("text", ["", "much", "4G", "0", "-1", "0.06", "4097", "inf", "nan"])
def test_what_is_no_amount_of_memory_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="no amount of memory"):
        parse_gibibytes(text)


@given(st.text() | st.from_regex(r"[0-9]{1,6}d?"))
def test_any_text_is_a_day_or_refused(text: str) -> None:
    with contextlib.suppress(typer.BadParameter):
        parse_day(text)
