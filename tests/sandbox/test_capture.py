from hypothesis import given
from hypothesis import strategies as st

from mithridate.sandbox.capture import ELISION, Capture


@given(st.lists(st.binary(max_size=40)), st.integers(0, 100))
def test_what_fits_is_kept_and_of_the_rest_both_ends(chunks: list[bytes], bound: int) -> None:
    capture = Capture(bound)
    for chunk in chunks:
        capture.add(chunk)
    whole = b"".join(chunks)
    assert capture.total == len(whole)
    assert capture.truncated == (len(whole) > bound)
    if len(whole) <= bound:
        assert capture.value() == whole
    else:
        head, tail = bound - bound // 2, bound // 2
        assert capture.value() == whole[:head] + ELISION % (len(whole) - bound) + whole[len(whole) - tail :]


def test_a_long_stream_takes_no_more_memory_than_its_bound() -> None:
    capture = Capture(1000)
    for _ in range(1000):
        capture.add(bytes(100))
    held = len(capture._head) + sum(len(chunk) for chunk in capture._tail)
    assert held <= 1100
