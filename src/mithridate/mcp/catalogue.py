"""The tools: their names, what they say of themselves, and the arguments that they take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mithridate.model.exchange import DataClass

Name = Annotated[str, Field(min_length=1, max_length=500)]
Place = Annotated[str, Field(min_length=1, max_length=4096)]
Words = Annotated[list[Name], Field(max_length=100)]

_RUN = "a run, as list_runs names it"
_PROJECT = "a source tree or an archive below the served directories, with a scope"


class Arguments(BaseModel):
    """What a tool takes; anything else is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Page(Arguments):
    """A part of a list."""

    offset: int = Field(default=0, ge=0, le=1_000_000, description="how many to leave out at the beginning")
    limit: int = Field(default=50, ge=1, le=500, description="how many to show")


class OfRun(Page):
    """A part of a list of a run."""

    run: Name = Field(description=_RUN)


class Doors(Page):
    """Either of a run or of a project."""

    run: Name | None = Field(default=None, description=f"{_RUN}: how its entry points closed")
    project: Place | None = Field(default=None, description=f"{_PROJECT}: it is built and its entry points are found")


class OneFinding(Arguments):
    """A finding of a run."""

    run: Name = Field(description=_RUN)
    finding: Name = Field(description="its id")


class OneInput(Arguments):
    """An input in one of three forms."""

    project: Place = Field(description=_PROJECT)
    entry_point: Name = Field(description="its id, as list_entry_points names it")
    text: str | None = Field(default=None, description="the input as text (UTF-8)")
    base64: str | None = Field(default=None, description="the input as bytes")
    file: Place | None = Field(default=None, description="the input as a file below the served directories")
    replays: int = Field(default=1, ge=1, le=20, description="in how many fresh sandboxes")


class OneProof(Arguments):
    """A bundle, or a proof of a finding."""

    bundle: Place | None = Field(default=None, description="a .proof file below the served directories")
    run: Name | None = Field(default=None, description=f"{_RUN}, with finding")
    finding: Name | None = Field(default=None, description="the finding whose proof is replayed")
    number: int = Field(default=0, ge=0, le=1000, description="which of its proofs, from 0")
    source: Place | None = Field(default=None, description="a source tree to ask whether it still has the flaw")
    replays: int = Field(default=10, ge=1, le=100, description="in how many fresh sandboxes")


class OneDiff(OneFinding):
    """A patch for a finding."""

    diff: str = Field(min_length=1, description="a unified diff with paths a/… and b/… relative to the project's root")
    keep: bool = Field(default=False, description="keep a patch that passes with the run, for a person to approve")


class OneQuestion(Arguments):
    """What is asked of an estate."""

    files: Annotated[list[Place], Field(min_length=1, max_length=200)] = Field(
        description="files or directories below the served directories; READER:FILE names the reader"
    )
    starts: Words = Field(default=[], description="where attackers start: nodes, or tag:NAME; with no goals, contents are listed")
    goals: Words = Field(default=[], description="what must not be reached: nodes, or tag:NAME")
    paths: int = Field(default=3, ge=1, le=50, description="different paths to each goal")
    changes: int | None = Field(default=None, ge=1, le=1000, description="how many best changes at most (5; with spend any)")
    spend: float | None = Field(default=None, ge=0, le=1e12, description="what the best changes may cost together")
    without: Words = Field(default=[], description="facts or actions: what if these were not so, or done")
    blast: Words = Field(default=[], description="nodes: what would holding each reach")
    packs: Words = Field(default=[], description="use only these rule packs")
    assume: bool = Field(default=False, description="cut paths through flaws that nobody knows, too")
    patched: bool = Field(default=False, description="take proved flaws that have a validated patch as mended")
    check: bool = Field(default=False, description="have the cut's certificate verified by code of its own")
    graph: bool = Field(default=False, description="with the attack graph and the certificate, which are long")


class OneReport(Arguments):
    """Where a run's files are to be written."""

    run: Name = Field(description=_RUN)
    directory: Place = Field(description="a directory below the server's --out, made if it is missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool. `writes`: it changes files of the user, or what is kept of a run. `gives`: classes of data that its answers may
    hold, all of which a scope must disclose to the agent."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    gives: frozenset[DataClass]
    writes: bool = False


_NAMES = frozenset({DataClass.NAMES})
_VERDICT = frozenset({DataClass.FINDINGS})
_RECORD = frozenset({DataClass.FINDINGS, DataClass.EXCERPTS, DataClass.PROOFS})
_REPORT = _NAMES | _RECORD | {DataClass.FILES}
"""A proof holds the source that it was made from."""


_ALL = (
    Tool(
        name="list_runs",
        title="List runs",
        description="The runs whose target lies in the served directories, the newest first.",
        arguments=Page,
        gives=_NAMES,
    ),
    Tool(
        name="list_findings",
        title="List a run's findings",
        description=(
            "The findings of a finished run, the gravest first. One that is proved has a proof that fired n of n times; one that "
            "is observed is a weak practice that was seen executed, and nothing was proved of it."
        ),
        arguments=OfRun,
        gives=_VERDICT,
    ),
    Tool(
        name="list_skipped",
        title="List what a run did not examine",
        description="What a run did not examine, and why.",
        arguments=OfRun,
        gives=_NAMES,
    ),
    Tool(
        name="list_entry_points",
        title="List entry points",
        description=(
            "Where attacker-controlled data enters: of a run, with executions, coverage and residual risk; or of a project, "
            "which is built in the sandbox first and may take minutes."
        ),
        arguments=Doors,
        gives=_NAMES,
    ),
    Tool(
        name="read_finding",
        title="Read a finding",
        description="The record of one finding: facts, stack, control, proofs with their negative controls, patch with its gate.",
        arguments=OneFinding,
        gives=_RECORD,
    ),
    Tool(
        name="run_input",
        title="Run an input",
        description=(
            "Feed one input to one entry point in a fresh sandbox: what it violates and where, how the program ended and what it "
            "said, how much of the code it reached. An input that fires is a candidate and no finding yet."
        ),
        arguments=OneInput,
        gives=_NAMES | _VERDICT,
    ),
    Tool(
        name="prove",
        title="Replay a proof",
        description="Build anew what a bundle names and replay its input in fresh sandboxes: does it still fire, yes or no?",
        arguments=OneProof,
        gives=_VERDICT,
    ),
    Tool(
        name="test_patch",
        title="Test a patch",
        description=(
            "Send a diff through the gate for a finding: applies, builds, proofs and variants silent, tests and outputs as "
            "before, no symptom fix. Takes minutes. Gives each step's record. Only a person can approve a patch."
        ),
        arguments=OneDiff,
        gives=_VERDICT,
        writes=True,
    ),
    Tool(
        name="ask_estate",
        title="Query an estate",
        description=(
            "Attack paths through an estate that files describe, the cheapest cut of all of them with its lower bound, and the "
            "best changes. Without starts and goals: what can be asked about."
        ),
        arguments=OneQuestion,
        gives=_NAMES | _VERDICT,
    ),
    Tool(
        name="write_report",
        title="Write a run's report",
        description="Write results.json, results.sarif, report.html, report.md and the proofs of a run; gives their paths.",
        arguments=OneReport,
        gives=_REPORT,
        writes=True,
    ),
)
TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in _ALL}
"""All tools, by name."""
