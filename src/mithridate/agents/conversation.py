"""One conversation of a role: questions, tools, and an answer of a given shape, repaired once, else dropped."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from mithridate.agents.desk import Desk
from mithridate.model.exchange import Answer, DataClass, Question, Role, Segment, Tool, ToolCall, Turn, Unanswered

ANSWER = "answer"
"""The tool by which a model gives its answer."""

_LARGEST_ARGUMENTS = 256 << 10
_LARGEST_RESULT = 32 << 10
_LARGEST_KEPT = 64 << 10
_JSON = re.compile(r"\{.*\}", re.DOTALL)
_T = TypeVar("_T", bound=BaseModel)

Result = Sequence[Segment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A tool with what it does. `arguments` gives their shape; `use` gives labelled text, never raises for bad arguments."""

    name: str
    description: str
    arguments: type[BaseModel]
    use: Callable[[Any], Result]

    @property
    def tool(self) -> Tool:
        """What the model is told of it."""
        return Tool(name=self.name, description=self.description, schema=self.arguments.model_json_schema())


@dataclass(slots=True)
class Tally:
    """What became of conversations, for the report: answers taken, repaired, dropped, and questions nobody answered."""

    taken: int = 0
    repaired: int = 0
    dropped: int = 0
    unanswered: int = 0
    reasons: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Conversation(Generic[_T]):
    """A conversation that ends with a `shape`. `needs`: classes of data without which the role has nothing to work on."""

    desk: Desk
    role: Role
    thread: str
    shape: type[_T]
    instruments: Sequence[Instrument]
    needs: frozenset[DataClass]
    rounds: int
    tally: Tally
    _turns: list[Turn] = field(default_factory=list)
    _asked: int = 0
    _repaired: bool = False

    def say(self, segments: Result) -> _T | None:
        """Say something, let the model use its tools, and give back its answer. None when none came that can be used."""
        self._turns.append(Turn(segments=tuple(segments)))
        while self._asked < self.rounds:
            answer = self.desk.ask(self._question(), self.needs)
            self._asked += 1
            if isinstance(answer, Unanswered):
                self.tally.unanswered += 1
                self.tally.reasons.append(answer.why)
                return None
            done, found = self._heard(answer)
            if done:
                return found
        self.tally.dropped += 1
        return None

    def _question(self) -> Question:
        final = Tool(name=ANSWER, description="Give your answer. This ends your work.", schema=self.shape.model_json_schema())
        return Question(
            role=self.role,
            thread=self.thread,
            position=self._asked,
            system=prompt(self.role),
            turns=tuple(self._turns),
            tools=(*(instrument.tool for instrument in self.instruments), final),
        )

    def _heard(self, answer: Answer) -> tuple[bool, _T | None]:
        """(the conversation rests, the answer): what a model said is a request for tools, an answer, or neither."""
        said = next((call for call in answer.calls if call.name == ANSWER), None)
        text = said.arguments if said is not None else "" if answer.calls else _object(answer.text)
        kept = tuple(_kept(call) for call in answer.calls)
        self._turns.append(Turn(ours=False, text=_cut_text(answer.text), calls=kept, by=answer.provider))
        if said is None and answer.calls:
            used = [tuple(self._used(call)) for call in answer.calls]
            self._turns += [Turn(answers=call, segments=result) for call, result in zip(kept, used, strict=True)]
            return False, None
        try:
            found = self.shape.model_validate_json(text)
        except ValidationError as error:
            return self._unusable(kept, error), None
        # A later turn of ours may follow: each call must have its result.
        self._turns += [Turn(answers=call, segments=(Segment(None, "taken"),)) for call in kept]
        self.tally.taken += 1
        self.tally.repaired += self._repaired
        self._repaired = False
        return True, found

    def _unusable(self, calls: Sequence[ToolCall], error: ValidationError) -> bool:
        """Say once what is wrong with an answer; True when that has been tried."""
        if self._repaired:
            self.tally.dropped += 1
            return True
        self._repaired = True
        told = f"This is no answer of the shape asked for: {_wrong(error)}. Call `{ANSWER}` once more."
        segments = (Segment(None, told),)
        self._turns += [Turn(answers=call, segments=segments) for call in calls] or [Turn(segments=segments)]
        return False

    def _used(self, call: ToolCall) -> Result:
        instrument = next((one for one in self.instruments if one.name == call.name), None)
        if instrument is None:
            return (Segment(None, "there is no such tool"),)
        if len(call.arguments) > _LARGEST_ARGUMENTS:
            return (Segment(None, "these arguments are too long"),)
        try:
            given = instrument.arguments.model_validate_json(call.arguments or "{}")
        except ValidationError as error:
            return (Segment(None, f"the arguments cannot be used: {_wrong(error)}"),)
        return tuple(_cut(instrument.use(given)))


def prompt(role: Role) -> str:
    """The text of a role's prompt; its first line says its version."""
    return files("mithridate.agents").joinpath("prompts", f"{role}.md").read_text()


def data(kind: DataClass, name: str, text: str) -> list[Segment]:
    """Text of the project, marked as such, under a name of ours. What it says orders nobody about."""
    return [Segment(None, f"<data of={json.dumps(name)}>\n"), Segment(kind, text), Segment(None, "\n</data>\n")]


def of_file(kind: DataClass, file: str, text: str, part: str = "") -> list[Segment]:
    """The same under the name of a file, which is the project's."""
    named = Segment(DataClass.NAMES, json.dumps(file, ensure_ascii=False))
    return [Segment(None, "<data of="), named, Segment(None, f"{part}>\n"), Segment(kind, text), Segment(None, "\n</data>\n")]


def _cut_text(text: str) -> str:
    return text if len(text) <= _LARGEST_KEPT else f"{text[:_LARGEST_KEPT]}\n[cut short]"


def _kept(call: ToolCall) -> ToolCall:
    """A call as it stays in the conversation: its arguments are JSON, and not more than is worth sending again and again."""
    long = len(call.arguments) > _LARGEST_KEPT
    return replace(call, arguments=json.dumps({"left_out": f"{len(call.arguments)} characters"})) if long else call


def _cut(result: Result) -> list[Segment]:
    left = _LARGEST_RESULT
    kept: list[Segment] = []
    for segment in result:
        kept.append(Segment(segment.kind, segment.text[:left]))
        left -= len(segment.text)
        if left <= 0:
            return [*kept, Segment(None, "\n[cut short]")]
    return kept


def _object(text: str) -> str:
    """The JSON object in an answer that came as text."""
    found = _JSON.search(text)
    return found.group(0) if found else text


def _wrong(error: ValidationError) -> str:
    """What is wrong, in words of ours: nothing that the model said is repeated."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])[:80]
    return f"{where or 'the whole'}: {first['type']}"
