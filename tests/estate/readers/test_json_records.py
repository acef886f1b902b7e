"""Records of large JSON documents, within bounds."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.estate.readers import json_records
from mithridate.estate.readers.json_records import MOST_NESTED, RecordTooLarge, records


def found(content: bytes, prefix: str = "data.item") -> list[Any]:
    return list(records(io.BytesIO(content), prefix))


@given(st.lists(st.recursive(st.integers(-(2**62), 2**62) | st.text(), lambda i: st.lists(i) | st.dictionaries(st.text(), i))))
def test_records_are_those_of_the_standard_parser(values: list[Any]) -> None:
    for escaped in (True, False):
        content = json.dumps({"other": [1], "data": values}, ensure_ascii=escaped).encode("utf-8", "replace")
        assert found(content) == json.loads(content)["data"]


def test_brackets_in_strings_do_not_count_as_depth() -> None:
    text = '[{"' * 200 + "\\" + '"'
    assert found(json.dumps({"data": [{"a": text}, {text: 1}]}).encode()) == [{"a": text}, {text: 1}]


def test_closing_brackets_in_strings_do_not_hide_depth() -> None:
    hidden = b'{"data":[{"a":"' + b"]" * 500 + b'\\"' + b'","b":' + b"[" * 100
    with pytest.raises(RecordTooLarge, match="nested"):
        found(hidden)


@pytest.mark.parametrize("piece", [7, 64, 1000])
def test_pieces_may_end_anywhere(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(json_records, "_PIECE", piece)
    values = [{"k": ['\\"[{', "\\", "ä" * n, {"x": [n, None, True]}]} for n in range(20)]
    assert found(json.dumps({"data": values}).encode()) == values


def test_depth_is_bounded_wherever_it_is() -> None:
    deep = b"[" * (MOST_NESTED - 2)
    assert len(found(b'{"data":[' + deep + b"]" * (MOST_NESTED - 2) + b"]}")) == 1
    for content in (b'{"data":[' + b"[" * 200_000, b'{"x":' + b"[" * 200_000, b'{"data":[' + b'{"a":' * 200_000):
        with pytest.raises(RecordTooLarge):
            found(content)


def test_the_values_of_one_record_are_bounded_and_records_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "MOST_VALUES", 200_000)
    with pytest.raises(RecordTooLarge, match="values"):
        found(b'{"data":[[' + b"[]," * 300_000 + b"1]]}")
    assert len(found(b'{"data":[' + b"[]," * 300_000 + b"1]}")) == 300_001


def test_the_bytes_of_one_record_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "LARGEST_RECORD", 1 << 20)
    with pytest.raises(RecordTooLarge, match="larger than"):
        found(b'{"data":["' + b"x" * (2 << 20) + b'"]}')


@pytest.mark.parametrize("tail", [b"", b",", b",tru]}", b"]} more", b',"\xff"]}', b",1e999]}", b",NaN]}", b",\x00]}"])
def test_records_before_a_mistake_are_given_first(tail: bytes) -> None:
    got = []
    with pytest.raises(ValueError):
        for record in records(io.BytesIO(b'{"data":[1,{"a":2}' + tail), "data.item"):
            got.append(record)
    assert got[:2] == [1, {"a": 2}]


def test_the_last_of_equal_keys_counts() -> None:
    assert found(b'{"data":[{"a":1,"a":2}]}') == [{"a": 2}]


def test_what_is_beside_the_records_has_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "MOST_VALUES", 10_000)
    content = b'{"other":[' + b'{"a":[1]},' * 100_000 + b'1],"data":[7]}'
    assert found(content) == [7]
