"""The tools that roles share: read, search, outline, list the entry points, run an input, look how things stand at a line."""

from typing import Annotated

from pydantic import BaseModel, Field

from mithridate.agents.conversation import Instrument, Result, data, of_file
from mithridate.agents.grounds import Grounds, InputForm, Reading
from mithridate.model.exchange import DataClass, Segment

_MOST_LINES = 200
_MOST_FILES = 400

Text = Annotated[str, Field(max_length=64 << 10)]


class Nothing(BaseModel):
    """No arguments."""


class Lines(BaseModel):
    """Some lines of a file."""

    file: Annotated[str, Field(max_length=1024)]
    first: Annotated[int, Field(ge=1)] = 1
    last: Annotated[int, Field(ge=1)] = _MOST_LINES


class Sought(BaseModel):
    """A text to look for."""

    text: Annotated[str, Field(min_length=2, max_length=200)]


class File(BaseModel):
    """A file."""

    file: Annotated[str, Field(max_length=1024)]


class Trial(BaseModel):
    """An input and the entry point that it is for."""

    entry_point: Annotated[str, Field(max_length=1024)]
    form: InputForm
    value: Text


class Sight(Trial):
    """An input, and a line to look at while it runs."""

    file: Annotated[str, Field(max_length=1024)]
    line: Annotated[int, Field(ge=1, le=10_000_000)]


def reading(grounds: Reading) -> tuple[Instrument, ...]:
    """Tools that look at the snapshot."""

    def read(given: Lines) -> Result:
        last = min(given.last, given.first + _MOST_LINES - 1)
        found = grounds.read(given.file, given.first, last)
        if found is None:
            return (Segment(None, "the snapshot has no such file"),)
        return of_file(DataClass.EXCERPTS, given.file, numbered(found, given.first))

    def search(given: Sought) -> Result:
        found = grounds.search(given.text)
        if not found:
            return (Segment(None, "it stands nowhere"),)
        return data(DataClass.EXCERPTS, "places", "\n".join(f"{file}:{line}: {text}" for file, line, text in found))

    def outline(given: File) -> Result:
        found = grounds.outline(given.file)
        if not found:
            return (Segment(None, "nothing is known of such a file"),)
        return of_file(DataClass.SIGNATURES, given.file, "\n".join(f"{line}: {text}" for line, text in found))

    def files(_: Nothing) -> Result:
        return data(DataClass.NAMES, "files", "\n".join(list(grounds.files())[:_MOST_FILES]))

    return (
        Instrument(name="list_files", description="The source files.", arguments=Nothing, use=files),
        Instrument(
            name="read_lines", description=f"Lines of a file, at most {_MOST_LINES} at a time.", arguments=Lines, use=read
        ),
        Instrument(name="search_text", description="Where an exact text stands.", arguments=Sought, use=search),
        Instrument(name="outline", description="The functions of a file.", arguments=File, use=outline),
    )


def running(grounds: Grounds) -> tuple[Instrument, ...]:
    """Tools that knock at the entry points."""

    def doors(_: Nothing) -> Result:
        listed = [f"{d.id}  ({d.kind}, {d.language}) {' '.join(d.arguments)}".rstrip() for d in grounds.doors()]
        return data(DataClass.NAMES, "entry points", "\n".join(listed))

    def run(given: Trial) -> Result:
        made = grounds.input(given.form, given.value)
        if isinstance(made, str):
            return (Segment(None, "the input cannot be made: "), Segment(DataClass.FINDINGS, made))
        if given.entry_point not in {door.id for door in grounds.doors()}:
            return (Segment(None, "there is no such entry point"),)
        ran = grounds.run(given.entry_point, made)
        return (
            Segment(DataClass.FINDINGS, f"{ran.verdict}\n"),
            *(data(DataClass.FINDINGS, "report", ran.told) if ran.told else ()),
        )

    def look(given: Sight) -> Result:
        made = grounds.input(given.form, given.value)
        if isinstance(made, str):
            return (Segment(None, "the input cannot be made: "), Segment(DataClass.FINDINGS, made))
        if given.entry_point not in {door.id for door in grounds.doors()}:
            return (Segment(None, "there is no such entry point"),)
        seen = grounds.look(given.entry_point, made, given.file, given.line)
        if isinstance(seen, str):
            return (Segment(None, "it could not be looked: "), Segment(DataClass.FINDINGS, seen))
        if not seen.times:
            return (Segment(DataClass.FINDINGS, f"line {seen.line} was not reached"),)
        told = Segment(DataClass.FINDINGS, f"line {seen.line} was reached, {seen.times} times\n")
        return (told, *data(DataClass.FINDINGS, "stack", seen.stack), *data(DataClass.PROOFS, "local variables", seen.values))

    return (
        Instrument(name="list_entry_points", description="Where outside data enters.", arguments=Nothing, use=doors),
        Instrument(
            name="run_input",
            description="Run one input against an entry point in a sandbox: clean, violation (with its stack), or failed. "
            "Forms: text, hex, base64, python (a program that writes the input's bytes to standard output), document.",
            arguments=Trial,
            use=run,
        ),
        Instrument(
            name="look_at_line",
            description="Run one input with a debugger: how often it comes by a line, and the stack and the local variables "
            "when it first does.",
            arguments=Sight,
            use=look,
        ),
    )


def numbered(lines: list[str], first: int) -> str:
    """Lines with their numbers."""
    return "\n".join(f"{number}: {line}" for number, line in enumerate(lines, first))
