import contextlib

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from mithridate.cli.options import parse_day, parse_duration


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


@given(st.text() | st.from_regex(r"[0-9]{1,6}d?"))
def test_any_text_is_a_day_or_refused(text: str) -> None:
    with contextlib.suppress(typer.BadParameter):
        parse_day(text)
