"""Records of large JSON documents, within bounds."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.estate.readers import json_records
from mithridate.estate.readers.json_records import (
    DEEPEST_BILL,
    MOST_NESTED,
    RecordTooLarge,
    one_document,
    records,
    records_of,
    value_of,
)
from mithridate.model.errors import UsageError


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
    assert found(content.replace(b'"data":[7]', b'"last":7'), "last") == [7]


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.text(alphabet='a"\\[]{}é\n', max_size=6) | st.integers(-5, 5) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='k"[{', max_size=3), inner, max_size=3),
    max_leaves=12,
)


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(_JSON, st.integers(1, 7))
def test_the_levels_are_counted_wherever_a_text_is_cut(made: object, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_records, "_PIECE", piece)
        for more in (0, 1):
            around = MOST_NESTED - depth(made) + more
            content = b"[" * around + json.dumps(made).encode() + b"]" * around
            if more:
                with pytest.raises(RecordTooLarge):
                    list(records(io.BytesIO(content), "item"))
            else:
                assert len(list(records(io.BytesIO(content), "item"))) == 1


def test_a_file_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content, told in ((b'{"a":' * 1_000_000, "nested more than"), (b'{"a":[1', "is no JSON"), (b"\xff", "is no JSON")):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=told):
            list(records_of(path, "a.item"))
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        value_of(tmp_path / "b.json", "a")


def test_a_file_may_nest_as_bills_do(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for levels in (DEEPEST_BILL - 1, DEEPEST_BILL):
        path.write_bytes(b'{"a":' + b"[" * levels + b"]" * levels + b"}")
        if levels < DEEPEST_BILL:
            assert len(list(records_of(path, "a"))) == 1
        else:
            with pytest.raises(UsageError, match="nested more than 500"):
                value_of(path, "a")


def test_a_value_and_the_kind_of_document_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf {"a": {"b": 7}}')
    assert (value_of(path, "a.b"), value_of(path, "a.c"), one_document(path)) == (7, None, True)
    path.write_text("[{}]")
    assert not one_document(path)
