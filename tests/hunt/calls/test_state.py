"""Claims about what is kept between slices."""

from pathlib import Path

from mithridate.hunt.engines.calls.state import Job, Kept, Purpose, State, Unit, load, save
from mithridate.model.observation import Sink


def test_a_state_comes_back_as_it_was_even_with_halves_of_surrogate_pairs(tmp_path: Path) -> None:
    """Patterns for broken text name such halves, and texts made from them hold some."""
    half = "[\ud800-\udbff]"
    call = {"target": "m:f", "args": [half], "kwargs": {}}
    job = Job(target="m:f", purpose=Purpose.SIEVE, calls=[call], texts=[([(half, True)], 3)], place=["args", 0], sink=Sink.SQL)
    unit = Unit(target="m:f", kept=[Kept(call=call, edges=2)], inputs=[(["args", 0], half)], raised=[half])
    state = State(
        units={"m:f": unit},
        queue=[job],
        suspects={half},
        places={"/src/m.py:3"},
        compiled={"/src/m.py": [(half, 32, 3)]},
        sieved={"a": True},
        hung={"m:f": 1},
    )
    save(state, tmp_path / "calls.json")
    again = load(tmp_path / "calls.json")
    assert again == state and again.queue[0].document == job.document


def test_what_cannot_be_read_is_an_empty_state(tmp_path: Path) -> None:
    for content in (b"", b"{", b"[]", b'{"version": 0}', b'{"units": 3}', b"\xff"):
        (tmp_path / "calls.json").write_bytes(content)
        assert load(tmp_path / "calls.json") == State()
    assert load(tmp_path / "none.json") == State()
