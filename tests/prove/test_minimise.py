import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from mithridate.prove.minimise import minimise


def needs(*parts: bytes):
    def keeps(variants: Sequence[bytes], seconds: float) -> Sequence[bool]:
        return [all(p in v for p in parts) for v in variants]

    return keeps


def test_only_what_matters_is_left() -> None:
    noise = random.Random(1).randbytes(500)
    data = noise[:100] + b"HEAD" + noise[100:400] + b"TAIL" + noise[400:]
    assert minimise(data, needs(b"HEAD", b"TAIL"), 30) == b"HEADTAIL"


def test_bytes_that_must_be_there_but_may_be_anything_become_zero() -> None:
    def keeps(variants: Sequence[bytes], seconds: float) -> Sequence[bool]:
        return [len(v) >= 20 and v[10:12] == b"!!" for v in variants]

    assert minimise(b"x" * 10 + b"!!" + b"y" * 50, keeps, 30) == b"\0" * 10 + b"!!" + b"\0" * 8


def test_an_input_that_does_not_matter_becomes_empty() -> None:
    assert minimise(b"anything", lambda variants, _: [True] * len(variants), 30) == b""


def test_nothing_smaller_gives_the_original_back() -> None:
    assert minimise(b"exact", lambda variants, _: [v == b"exact" for v in variants], 30) == b"exact"


def test_without_time_the_original_comes_back() -> None:
    assert minimise(b"anything", lambda variants, _: [True] * len(variants), 0) == b"anything"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 3), st.integers(0, 255))
def test_the_result_keeps_the_violation_and_is_never_larger(data: bytes, least: int, byte: int) -> None:
    def holds(v: bytes) -> bool:
        return v.count(bytes([byte])) >= least and sum(v) % 3 == sum(data) % 3

    if not holds(data):
        return
    small = minimise(data, lambda variants, _: [holds(v) for v in variants], 5)
    assert holds(small)
    assert len(small) <= len(data)
