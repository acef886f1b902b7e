"""How the user's command line becomes the call of a program."""

import pytest

from mithridate.languages.c.doors import Call
from mithridate.model.errors import UsageError
from mithridate.model.run import RunOptions
from mithridate.stages.session import call_of


def asked(command: str) -> Call | None:
    return call_of(RunOptions(target="", out="", given=("/tmp/poc.tif",), command=command))


@pytest.mark.parametrize(
    ("command", "call"),
    [
        ("", None),
        ("tiffcp -i @@ @out", Call(program="tiffcp", form=("-i", "@@", "@out"), suffix=".tif")),
        ("./bin/a.out 'two words' @@", Call(program="./bin/a.out", form=("two words", "@@"), suffix=".tif")),
        ("sum", Call(program="sum", form=(), suffix=".tif")),
        ("sum -q < @@", Call(program="sum", form=("-q",), suffix=".tif")),
        ("sum <@@", Call(program="sum", form=(), suffix=".tif")),
    ],
)
def test_words_are_taken_as_a_shell_takes_them(command: str, call: Call | None) -> None:
    assert asked(command) == call


@pytest.mark.parametrize(
    "command", ["sum @@ | sort", "sum @@ > /dev/null", "sum < other", "A=1 sum @@", "sum 'open", "sum @@ 2>&1", "< @@"]
)
def test_what_is_more_than_the_call_of_one_program_is_refused(command: str) -> None:
    with pytest.raises(UsageError, match="--command"):
        asked(command)
