"""CSV, one predicate a file."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.model.errors import UsageError
from tests.estate.readers.reading import read, survives

HEADER = "from,to,protocol,low,high\n"


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_rows_are_facts_with_their_lines(tmp_path: Path) -> None:
    text = HEADER + 'zone:a,"zone:b, c",tcp,1,2\nzone:a,zone:d,udp,53,53\n'
    found = read([written(tmp_path / "allow-east.csv", text)])
    assert found.told == {"allow(zone:a, zone:b, c, tcp, 1, 2)", "allow(zone:a, zone:d, udp, 53, 53)"}
    assert found.places("allow(zone:a, zone:d, udp, 53, 53)") == [3]
    assert found.readings[0].records == 2


def test_broken_rows_are_passed_over_and_told(tmp_path: Path) -> None:
    text = (
        HEADER
        + "zone:a,zone:b,tcp,one,2\nzone:a\nzone:a,zone:b,tcp,3,4\n,zone:b,tcp,5,6\n"
        + f"zone:{'x' * 2000},zone:b,tcp,7,8\n"
    )
    found = read([written(tmp_path / "allow.csv", text)])
    assert found.told == {"allow(zone:a, zone:b, tcp, 3, 4)"}
    assert [place for place, _ in found.broken] == [2, 3, 5, 6]
    assert found.places("allow(zone:a, zone:b, tcp, 3, 4)") == [4]
    assert found.readings[0].passed_over == 4


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nothing.csv", b"a,b\n", "is called after no fact"),
        ("allow.csv", b"a,b\n1,2\n", "has 2 columns, and allow has 5"),
        ("allow.csv", b"", "has 0 columns"),
        ("allow.csv", b"\xff\xfe,b\n", "is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as error:
        read([tmp_path / name])
    assert said in str(error.value)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.text(alphabet='zone:,"\n\r\\1\x00é', max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    survives(tmp_path / "allow.csv", HEADER.encode() + content, "csv")


def test_a_line_without_end_is_passed_over_or_refused(tmp_path: Path) -> None:
    survives(tmp_path / "allow.csv", HEADER.encode() + b"x" * (3 << 20), "csv")
    survives(tmp_path / "allow.csv", HEADER.encode() + b'"' + b"x\n" * (1 << 20), "csv")
