"""Observations written as people read them: ⟨ and ⟩ are the tokens of mark 0, « and » those of mark 1."""

import pytest

from mithridate.model.observation import Mark, Observation, Sink
from mithridate.model.violation import Frame
from mithridate.oracles.confinement.verdict import escape

MARKS = {
    "attack": (
        Mark(number=0, opening="mp4kz81xwa", closing="vt0qh7e2nc"),
        Mark(number=1, opening="bd93jfsk1r", closing="gy55ulo8iw"),
    ),
    "control": (
        Mark(number=0, opening="xh72mdk30f", closing="pw1s9gq4ze"),
        Mark(number=1, opening="nc6ay0tj8v", closing="er4bo2x7lu"),
    ),
}
PLACE = (Frame(function="show", file="/src/app.py", line=12),)


def observed(sink, text, dialect="", phase="attack", frames=PLACE, case=str, **detail):
    """An observation of a text with written marks; `case` is what the program does to it."""
    marks = MARKS[phase]
    signs = {"⟨": marks[0].opening, "⟩": marks[0].closing, "«": marks[1].opening, "»": marks[1].closing}
    carried = tuple(m for m, s in zip(marks, ("⟨⟩", "«»"), strict=True) if any(c in text for c in s))
    for sign, token in signs.items():
        text = text.replace(sign, token)
        detail = {k: v.replace(sign, token) for k, v in detail.items()}
    return Observation(sink=sink, api="api", text=case(text), dialect=dialect, marks=carried, frames=frames, detail=detail)


@pytest.fixture(scope="session")
def seen():
    """Makes one observation."""
    return observed


@pytest.fixture(scope="session")
def judged():
    """The verdict on an attack's text at a sink, against harmless texts of the same place."""

    def judge(sink, attack, *controls, dialect="", sent=None, case=str, **detail):
        twins = [observed(sink, c, dialect, "control", case=case, **detail) for c in controls]
        seen = observed(sink, attack, dialect, case=case, **detail)
        return escape(seen, twins, sent) if sent is not None else escape(seen, twins)

    return judge


@pytest.fixture(scope="session")
def sinks():
    """The sinks."""
    return Sink
