"""What is said between us and a model: questions made of labelled pieces, answers, and the ways in which one fails to come."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class DataClass(StrEnum):
    """What a piece of text tells about the project. The scope says which of them may go to which provider.

    NAMES: paths, functions, entry points. SIGNATURES: declarations. EXCERPTS: some lines of a file. FILES: whole files.
    FINDINGS: violations, stacks, what the gate said of a patch. PROOFS: the bytes of inputs.
    """

    NAMES = "names"
    SIGNATURES = "signatures"
    EXCERPTS = "excerpts"
    FILES = "files"
    FINDINGS = "findings"
    PROOFS = "proofs"


class Role(StrEnum):
    """Who asks (DESIGN.md, "agents")."""

    RANKER = "ranker"
    HUNTER = "hunter"
    REFUTER = "refuter"
    PATCH_AUTHOR = "patch-author"
    EXPLAINER = "explainer"


class Outcome(StrEnum):
    """How one attempt with one provider ended."""

    ANSWERED = "answered"
    OUTAGE = "outage"
    RATE_LIMIT = "rate-limit"
    TIMEOUT = "time-out"
    REFUSAL = "refusal"
    BROKEN = "broken"
    TOO_LARGE = "too-large"
    REJECTED = "rejected"


MAY_COST = frozenset({Outcome.ANSWERED, Outcome.TIMEOUT, Outcome.REFUSAL, Outcome.BROKEN, Outcome.TOO_LARGE})
"""Outcomes for which a provider may ask for money."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text. `kind` is None for our own words, which tell nothing of the project."""

    kind: DataClass | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A model asks for a tool. `arguments` is the JSON text as it came."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn: of ours (`segments`), of the model (`text`, `calls`), or a tool's result (`segments` and `answers`, a call).

    `by` is the provider of a turn of the model. It is no part of the question's identity.
    """

    segments: tuple[Segment, ...] = ()
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: ToolCall | None = None
    ours: bool = True
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What a model may call. `schema` is the JSON Schema of its arguments."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All that one exchange would send. `thread` names the conversation within the run; `position` counts its exchanges from 0.

    `system` is our own text (a versioned prompt). `key` is the same for the same question, whoever answers it.
    """

    role: Role
    thread: str
    position: int
    system: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...]

    @property
    def kinds(self) -> frozenset[DataClass]:
        """The classes of all pieces."""
        return frozenset(s.kind for turn in self.turns for s in turn.segments if s.kind is not None)

    def before(self, shown: Callable[[str], frozenset[DataClass]]) -> frozenset[DataClass]:
        """The classes of what models have answered to: their own turns may repeat any of it.

        `shown` says what a provider is let see: what was withheld from the one who answered is in no answer.
        """
        held: set[DataClass] = set()
        seen: set[DataClass] = set()
        for turn in self.turns:
            if not turn.ours:
                held |= seen & shown(turn.by)
            seen |= {s.kind for s in turn.segments if s.kind is not None}
        return frozenset(held)

    def canonical(self) -> bytes:
        """The question as JSON, the same bytes for the same question."""
        return json.dumps(_plain(self), sort_keys=True, separators=(",", ":")).encode()

    @property
    def key(self) -> str:
        """SHA-256 of the canonical form."""
        return hashlib.sha256(self.canonical()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model said. Tokens as the provider counts them."""

    text: str
    calls: tuple[ToolCall, ...]
    input_tokens: int
    output_tokens: int
    provider: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Nobody answered; `why` is one sentence."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt with one provider. `eur` and tokens are what it cost, at most."""

    provider: str
    outcome: Outcome
    why: str
    input_tokens: int
    output_tokens: int
    eur: float
    seconds: float


def _plain(question: Question) -> dict[str, Any]:
    return {
        "role": question.role,
        "thread": question.thread,
        "position": question.position,
        "system": question.system,
        "turns": [
            {
                "ours": turn.ours,
                "segments": [[s.kind, s.text] for s in turn.segments],
                "text": turn.text,
                "calls": [[c.id, c.name, c.arguments] for c in turn.calls],
                "answers": turn.answers.id if turn.answers else None,
            }
            for turn in question.turns
        ],
        "tools": [[tool.name, tool.description, tool.schema] for tool in question.tools],
    }
