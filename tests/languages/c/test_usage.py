from pathlib import Path

import pytest

from mithridate.languages.c.elf import Image
from mithridate.languages.c.usage import MAX_FORMS, ask, forms, getopt_strings, program_name
from mithridate.model.entry import INPUT, OUTPUT
from mithridate.model.execution import Mount
from mithridate.sandbox.bubblewrap import Bubblewrap
from tests.languages.c.programs import CONVERTER, SELF_TEST, WAITER, compiled

ENV = {"ASAN_OPTIONS": "detect_leaks=0"}
TEXT = (
    "usage: conv [options] input output\n -a          append\n -c lzw      use lzw\n -i file     read FILE\n -s          strips\n"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("usage")
    for name, source in (("conv", CONVERTER), ("self", SELF_TEST), ("waiter", WAITER)):
        compiled(source, place / name)
    (place / "broken").write_bytes(b"#!/no/such/interpreter\n")
    (place / "broken").chmod(0o755)
    return place


def test_a_program_is_asked_what_it_takes(built: Path) -> None:
    said = ask("/build/conv", Bubblewrap(), (Mount(source=built, target="/build"),), ENV)
    assert "usage: conv" in said.text
    assert said.refusals
    assert forms("conv", said.text).bases[0] == (INPUT, OUTPUT)


def test_a_program_that_says_nothing_gets_the_usual_forms(built: Path) -> None:
    said = ask("/build/waiter", Bubblewrap(), (Mount(source=built, target="/build"),), ENV)
    assert said.text == ""
    assert forms("waiter", said.text).bases[:2] == ((INPUT,), ())


def test_base_forms_come_first_then_shown_ones_then_options() -> None:
    ranked = forms("conv", TEXT, [("-z", INPUT)]).flat()
    assert ranked[0] == (INPUT, OUTPUT)
    assert ranked.index(("-z", INPUT)) < ranked.index(("-a", INPUT, OUTPUT))
    assert ("-c", "lzw", INPUT, OUTPUT) in ranked
    assert ("-a", "-s", INPUT, OUTPUT) in ranked
    assert ("-i", INPUT) in ranked


def test_there_are_never_more_forms_than_the_cap() -> None:
    many = "".join(f" -{letter}          switch\n" for letter in "abcdefgijklmnopqrstuwxyzABCDEFGHIJKLMNOPQRSTUWXYZ")
    assert len(forms("x", "usage: x file\n" + many).flat()) == MAX_FORMS


def test_forms_seen_more_often_in_tests_rank_higher() -> None:
    rare, often = ("-r", INPUT), ("-o", "1", INPUT)
    assert forms("x", "", [rare, often, often]).shown == (often, rare)


def test_only_option_strings_of_this_program_count(built: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.c"
    other.write_text('int main(int c,char**v){return getopt(c, v, "xyz:");}')
    strings = set(Image.load(built / "conv").strings())
    assert getopt_strings([built / "conv.c", other], strings) == ("ac:s",)
    assert {("-a",), ("-s",)} <= set(forms("conv", "", (), ("ac:s",)).options)


def test_a_program_is_known_by_its_plain_name() -> None:
    assert program_name("/build/tools/.libs/lt-conv") == "conv"
    assert program_name("/src/conv.exe") == "conv"
