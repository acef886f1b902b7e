"""Claims about the texts that wear readers down."""

import json
from typing import Any

from mithridate.hunt.engines.calls.door import read_door
from mithridate.hunt.engines.calls.plans import Knowledge, jobs
from mithridate.hunt.engines.calls.scalable import Scalable
from mithridate.hunt.engines.calls.shapes_of_text import binary_nesting, generic
from mithridate.hunt.engines.calls.state import Kept, Stage, Unit
from mithridate.languages.python.runtime.mithridate_observer.makers import make
from mithridate.oracles.growth.measured import size_of

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


def test_formats_of_bytes_are_nested_where_bytes_are_wanted_and_nowhere_else() -> None:
    unit = Unit(target="m:decode")
    door = read_door(json.dumps({"targets": ["m:decode"], "functions": [{"target": "m:decode"}]}).encode())
    known = Knowledge(door=door, sources={})
    shapes = {}
    for kind, argument in (("bytes", {"python": "bytes", "of": "amber"}), ("text", "amber")):
        unit.kept = [Kept(call={"target": "m:decode", "args": [argument], "kwargs": {}}, edges=1)]
        shapes[kind] = [parts for job in jobs(Stage.PATTERNS, unit, known) for parts, _ in job.texts]
    ber = [("0\udc80", True), ("\x00\x00", True)]
    assert ber in shapes["bytes"] and ber not in shapes["text"]
    assert len(shapes["text"]) < len(shapes["bytes"])


def test_bytes_that_are_no_text_are_made_as_such_and_measured_as_one_each() -> None:
    shape = next(shape for shape in binary_nesting() if shape.parts[0][0] == "0\udc80")
    document = {"call": {"args": [{"python": "bytes", "of": shape.value(3)}]}}
    assert make(shape.value(3), evaluated) == b"0\x80" * 3 + b"\0" * 6
    assert size_of(document) == 12 == size_of({"call": {"args": [shape.harmless(3)]}})


def evaluated(value: Any) -> Any:
    return value if isinstance(value, str) else make(value, evaluated)
