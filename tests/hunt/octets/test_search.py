"""Claims about the search of native code: each names a thing without which what is planted here is not found."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mithridate.hunt.engines.octets.engine import OctetsEngine
from tests.hunt.octets.native_code import Death, NativeCode, Undefined, found, search, slice_for

SECONDS = 300.0
"""More than any of these takes: they end by the number of their batches."""
MAGIC = bytes([0x93, 0xE1])


def bytes_only(data: Any) -> bytes:
    if not isinstance(data, bytes):
        raise TypeError("a bytes-like object is required, not 'str'")
    return data


def read_magic(data: Any = b"", *more: Any) -> Iterator[str]:
    if more:
        raise TypeError("takes exactly one positional argument (2 given)")
    content = bytes_only(data)
    for length in range(1, len(MAGIC) + 1):
        if content[:length] != MAGIC[:length]:
            return
        yield f"magic {length}"
    raise Death("/src/m.c:9:1 in read_magic")


def test_what_takes_new_edges_is_kept_and_changed_further(tmp_path: Path) -> None:
    work = slice_for(tmp_path, ["m:read_magic"], SECONDS)
    search(work, NativeCode({"m:read_magic": read_magic}), batches=80)
    candidate = found(work)[0]
    assert len(candidate) == 1, "only the call that the process died of"
    assert candidate[0]["call"]["args"][0]["of"]["latin1"].encode("latin-1")[:2] == MAGIC


def test_words_of_the_native_sources_are_put_into_inputs(tmp_path: Path) -> None:
    def read(data: Any) -> Iterator[str]:
        if b"entity-list" in bytes_only(data) and b"\x7f\xe2\x11\x90" in data:
            raise Death("/src/m.c:9:1 in read")
        yield "word" if b"entity-list" in data else "none"

    work = slice_for(tmp_path, ["m:read"], SECONDS)
    source = tmp_path / "tree/src/m.c"
    source.write_text('if (!memcmp(p, "entity-list", 11) && load32(p) == 0x7fe21190) overflow();')
    search(work, NativeCode({"m:read": read}), batches=40)
    assert found(work)


def test_samples_of_the_project_are_begun_with(tmp_path: Path) -> None:
    def read(data: Any) -> Iterator[str]:
        if bytes_only(data).startswith(b"AMBR\x01\x02\x03\x04rest of a picture") and data[-1:] != b"!":
            raise Death("/src/m.c:9:1 in read")
        yield "read"

    work = slice_for(tmp_path, ["m:read"], SECONDS)
    (tmp_path / "tree/src/tests").mkdir()
    (tmp_path / "tree/src/tests/a.ambr").write_bytes(b"AMBR\x01\x02\x03\x04rest of a picture!")
    search(work, NativeCode({"m:read": read}), batches=20)
    assert found(work)


def test_what_one_function_makes_is_given_to_the_others(tmp_path: Path) -> None:
    made = b"\x07packed by the other one\x93\xe1"

    def pack(data: Any) -> Iterator[Any]:
        if not isinstance(data, str):
            raise TypeError("expected str")
        yield made

    def unpack(data: Any) -> Iterator[str]:
        if len(bytes_only(data)) != len(made) and data[:20] == made[:20]:
            raise Death("/src/m.c:9:1 in unpack")
        yield "unpack"

    work = slice_for(tmp_path, ["m:pack", "m:unpack"], SECONDS)
    search(work, NativeCode({"m:pack": pack, "m:unpack": unpack}), batches=30)
    assert found(work)


def test_numbers_beside_the_data_are_changed(tmp_path: Path) -> None:
    def scan(data: Any, at: Any) -> Iterator[str]:
        if not isinstance(data, str) or not isinstance(at, int):
            raise TypeError("expected str")
        if at < -100:
            raise Death("/src/m.c:9:1 in scan")
        yield "scan"

    work = slice_for(tmp_path, ["m:scan"], SECONDS)
    search(work, NativeCode({"m:scan": scan}), batches=30)
    assert found(work)[0][0]["call"]["args"][1] < -100


@pytest.mark.parametrize("limit", [65_536, 100_000])
def test_inputs_grow_beyond_what_16_bits_count(tmp_path: Path, limit: int) -> None:
    def read(data: Any) -> Iterator[str]:
        if len(bytes_only(data)) > limit:
            raise Death("/src/m.c:9:1 in read")
        yield "read"

    work = slice_for(tmp_path, ["m:read"], SECONDS)
    code = NativeCode({"m:read": read})
    search(work, code, batches=40)
    assert found(work)
    assert code.largest <= 1 << 20, "larger documents are not carried out"


def test_undefined_behaviour_that_goes_on_is_told_apart_by_calls_that_are_alone(tmp_path: Path) -> None:
    def read(data: Any) -> Iterator[str]:
        if bytes_only(data)[:1] == b"\x80":
            raise Undefined("/src/m.c:7:3")
        yield f"starts with {data[:1]!r}"

    work = slice_for(tmp_path, ["m:read"], SECONDS)
    search(work, NativeCode({"m:read": read}), batches=30)
    (candidate,) = found(work)
    (step,) = candidate
    assert step["call"]["args"][0]["of"]["latin1"].startswith("\x80")


def test_causes_have_candidates_of_their_own_and_one_cause_has_few(tmp_path: Path) -> None:
    def read(data: Any) -> Iterator[str]:
        if len(bytes_only(data)) > 20:
            raise Death("/src/m.c:1:1 in long_ones")
        if data[:1] == b"\0":
            raise Death("/src/m.c:2:2 in empty_ones")
        yield "read"

    work = slice_for(tmp_path, ["m:read"], SECONDS)
    search(work, NativeCode({"m:read": read}), batches=8, candidates=99)
    causes: dict[str, int] = {}
    for path in work.candidates.iterdir():
        cause = path.name.rpartition("-")[0]
        causes[cause] = causes.get(cause, 0) + 1
    assert sorted(causes.values()) == [3, 3]


def test_a_later_slice_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    work = slice_for(tmp_path, ["m:read_magic"], SECONDS)
    units = 0
    for seed in range(40):
        work = replace(work, seed=seed)
        result = search(work, NativeCode({"m:read_magic": read_magic}), batches=5)
        assert result.corpus_units >= units
        units = result.corpus_units
        if found(work):
            break
    assert found(work)


def test_builds_without_sanitized_native_code_are_not_its_business(tmp_path: Path) -> None:
    work = slice_for(tmp_path, ["m:read"], SECONDS)
    assert OctetsEngine().accepts(work.entry) is None
    for path in (tmp_path / "tree/build").glob("*/preload.json"):
        path.unlink()
    assert OctetsEngine().accepts(work.entry) is not None
