from collections.abc import Sequence
from pathlib import Path

import pytest

from mithridate.languages.c.observe import Observation, observe
from mithridate.languages.c.options import Form
from mithridate.languages.c.usage import Forms, ask, forms
from mithridate.model.entry import INPUT, OUTPUT, EntryKind
from mithridate.model.execution import Mount
from mithridate.model.project import Skipped
from mithridate.sandbox.bubblewrap import Bubblewrap
from tests.languages.c.programs import BY_SUFFIX, CONVERTER, COUNTER, FILTER, MAPPER, REFUSER, SELF_TEST, WAITER, compiled

ENV = {"ASAN_OPTIONS": "detect_leaks=0"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("observe")
    sources = (CONVERTER, FILTER, SELF_TEST, WAITER, BY_SUFFIX, MAPPER, REFUSER, COUNTER)
    for name, source in zip(("conv", "filter", "self", "waiter", "ext", "mapper", "refuser", "counter"), sources, strict=True):
        compiled(source, place / "build" / name)
    for name, content in (("b.txt", b"hello"), ("a.mag", b"MAGIxxxx"), ("c.foo", b"foo")):
        (place / name).write_bytes(content)
    return place


def look(built: Path, name: str, *, limit: int = 4, coverage: object = None) -> tuple[Observation, ...] | Skipped:
    sandbox, mounts = Bubblewrap(), (Mount(source=built / "build", target="/build"),)
    said = ask(f"/build/{name}", sandbox, mounts, ENV)
    samples = [built / n for n in ("b.txt", "a.mag", "c.foo")]
    return observe(
        f"/build/{name}",
        forms(name, said.text),
        samples,
        sandbox,
        mounts,
        ENV,
        usage=said,
        limit=limit,
        seconds=60,
        coverage=coverage,
    )  # type: ignore[arg-type]


def doors(seen: tuple[Observation, ...] | Skipped) -> tuple[Observation, ...]:
    assert not isinstance(seen, Skipped), seen
    return seen


def test_a_file_program_is_entered_through_its_documented_form(built: Path) -> None:
    best = doors(look(built, "conv"))[0]
    assert best.form == (INPUT, OUTPUT)
    assert best.kind is EntryKind.PROGRAM_FILE
    assert best.read
    assert best.exit_code == 0


def test_the_right_sample_is_found_among_wrong_ones_and_options_are_tried_on_it(built: Path) -> None:
    found = doors(look(built, "conv"))
    assert all(o.exit_code == 0 for o in found)
    assert any("-c" in o.form for o in found)
    assert any({"-a", "-s"} <= set(o.form) for o in found)


def test_a_filter_is_entered_through_standard_input_once(built: Path) -> None:
    (door,) = doors(look(built, "filter"))
    assert door.form == ()
    assert door.kind is EntryKind.PROGRAM_STDIN


def test_a_dash_is_no_second_door_to_standard_input(built: Path) -> None:
    """Also where the program says how it was called, and so ends otherwise."""
    (door,) = doors(look(built, "counter"))
    assert door.form == ()


def test_a_memory_mapped_file_counts_as_input(built: Path) -> None:
    door = doors(look(built, "mapper"))[0]
    assert door.form == (INPUT,)
    assert not door.read


def test_a_program_that_goes_by_the_extension_gets_the_extension(built: Path) -> None:
    door = doors(look(built, "ext"))[0]
    assert door.suffix == ".foo"


def test_a_program_that_does_not_go_by_the_extension_gets_none(built: Path) -> None:
    assert {door.suffix for door in doors(look(built, "mapper"))} == {""}


def test_asking_for_a_file_s_size_is_not_reading_it(built: Path) -> None:
    seen = look(built, "self")
    assert isinstance(seen, Skipped)
    assert "without reading" in seen.reason


def test_a_program_that_waits_for_ever_is_no_entry_point(built: Path) -> None:
    seen = look(built, "waiter")
    assert isinstance(seen, Skipped)
    assert "waits" in seen.reason


def test_a_program_that_refuses_every_form_says_how_to_help(built: Path) -> None:
    seen = look(built, "refuser")
    assert isinstance(seen, Skipped)
    assert "mithridate.toml" in seen.reason


def test_the_owner_s_coverage_decides_which_form_is_deepest(built: Path) -> None:
    def coverage(form: Form, samples: Sequence[Path]) -> int:
        assert samples[0].name == "a.mag"
        return 500 if "none" in form else 100

    door = doors(look(built, "conv", limit=1, coverage=coverage))[0]
    assert door.form == ("-c", "none", INPUT, OUTPUT)
    assert door.depth == 500


def test_no_more_doors_than_asked_for(built: Path) -> None:
    assert len(doors(look(built, "conv", limit=2))) == 2


def test_the_owner_s_own_forms_are_enough(built: Path) -> None:
    mounts = (Mount(source=built / "build", target="/build"),)
    seen = observe("/build/conv", Forms(bases=(("-a", INPUT, OUTPUT),)), [built / "a.mag"], Bubblewrap(), mounts, ENV)
    assert [o.form for o in doors(seen)] == [("-a", INPUT, OUTPUT)]


def test_of_several_samples_of_the_right_format_the_one_it_likes_is_found(built: Path, tmp_path: Path) -> None:
    samples = []
    for number in range(5):
        samples.append(tmp_path / f"{number}.mag")
        samples[-1].write_bytes(b"MAG%d...." % number)
    good = tmp_path / "good.mag"
    good.write_bytes(b"MAGIC...")
    mounts = (Mount(source=built / "build", target="/build"),)
    seen = observe("/build/conv", Forms(bases=((INPUT, OUTPUT),)), [built / "b.txt", *samples, good], Bubblewrap(), mounts, ENV)
    assert doors(seen)[0].exit_code == 0
