"""Claims about the texts that wear readers down."""

from mithridate.hunt.engines.calls.scalable import Scalable
from mithridate.hunt.engines.calls.shapes_of_text import generic

ARABIC_LETTER, NON_JOINER = "\u0628", "\u200c"


def steps(label: str) -> int:
    """Steps of a reader of names that looks for each joiner's letters on both sides, however far (RFC 5892, A.1); it stops at the
    first joiner that has none."""
    done = 0
    for at, sign in enumerate(label):
        if sign != NON_JOINER:
            continue
        left = next((n for n, c in enumerate(reversed(label[:at])) if c == ARABIC_LETTER), None)
        right = next((n for n, c in enumerate(label[at + 1 :]) if c == ARABIC_LETTER), None)
        if left is None or right is None:
            break
        done += left + right
    return done


def text(shape: Scalable, times: int) -> str:
    return "".join(part * (times if again else 1) for part, again in shape.parts)


def test_signs_that_are_judged_by_their_context_are_tried_many_times_within_it() -> None:
    grows = [shape for shape in generic() if steps(text(shape, 200)) > 3 * steps(text(shape, 100)) > 0]
    assert [shape.origin for shape in grows] == ["within its context"]
