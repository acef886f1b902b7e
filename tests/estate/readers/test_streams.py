"""JSON is read a record at a time, however it is cut."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.estate.readers.streams import DEEPEST, Shallow, TooDeep, records
from mithridate.model.errors import UsageError

_JSON: st.SearchStrategy[Any] = st.recursive(
    st.text(alphabet='a"\\[]{}é\n', max_size=6) | st.integers(-5, 5) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='k"[{', max_size=3), inner, max_size=3),
    max_leaves=12,
)


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(_JSON, st.integers(1, 7))
def test_the_levels_are_counted_wherever_a_text_is_cut(made: object, size: int) -> None:
    text = json.dumps(made).encode()
    stream = Shallow(io.BytesIO(b"[" * (DEEPEST - depth(made)) + text))
    while stream.read(size):
        pass
    deeper = Shallow(io.BytesIO(b"[" * (DEEPEST - depth(made) + 1) + text))
    with pytest.raises(TooDeep):
        while deeper.read(size):
            pass


def test_what_is_nested_without_end_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"a":' * 1_000_000)
    with pytest.raises(UsageError, match="nested more than"):
        list(records(tmp_path / "a.json", "a"))


def test_brackets_in_texts_are_no_levels(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"a": ["[" * 5000, "{\\" * 5000]}))
    assert len(list(records(tmp_path / "a.json", "a.item"))) == 2
