"""The server: lists tools, checks what is asked, hands it to a worker, and puts every call and its end on the audit log."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import anyio
import anyio.to_thread
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from pydantic import ValidationError

from mithridate import __version__
from mithridate.mcp.answering import INSTRUCTIONS, fenced, packed
from mithridate.mcp.catalogue import TOOLS, Tool
from mithridate.mcp.settings import Settings
from mithridate.mcp.streams import TOO_LONG
from mithridate.mcp.workers import Outcome, Workers
from mithridate.model.errors import MithridateError
from mithridate.policy.audit import AuditLog, Fact

_Context = ServerRequestContext[dict[str, Any], Any]

_BEAT_S = 2.0
"""Between two reports of progress."""

_LONG_ARGUMENT = 200
_MOST_FACTS = 40
_WORDS = {
    "unusable": "The call cannot be used as it is",
    "refused": "Refused by policy",
    "nothing-to-analyse": "There is nothing to analyse",
    "missing-requirement": "Something that the work needs is missing on this machine",
    "cancelled": "Cancelled",
    "busy": "Too many calls wait",
    "budget": "Ended: its time was used up",
    "our-fault": "Mithridate failed",
}


@dataclass(slots=True)
class _Call:
    """One call: its number in this server, what was asked, by whom, and since when."""

    number: int
    tool: str
    arguments: dict[str, Any]
    client: str
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


class Protocol:
    """What the SDK calls. One for all connections."""

    def __init__(self, settings: Settings, workers: Workers) -> None:
        self._settings = settings
        self._workers = workers
        self._audit = AuditLog(settings.home)
        self._numbers = count(1)
        self._tools: Mapping[str, Tool] = {n: t for n, t in TOOLS.items() if not settings.tools or n in settings.tools}

    def server(self) -> Server[dict[str, Any]]:
        """The SDK's server with our tools."""
        return Server(
            "mithridate",
            version=__version__,
            title="Mithridate",
            instructions=INSTRUCTIONS,
            on_list_tools=self.list_tools,
            on_call_tool=self.call_tool,
        )

    async def list_tools(self, _context: _Context, _asked: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """All that are offered."""
        return types.ListToolsResult(tools=[_described(tool) for tool in self._tools.values()])

    async def call_tool(self, context: _Context, asked: types.CallToolRequestParams) -> types.CallToolResult:
        """One call. Whatever becomes of it is on the audit log before it is told."""
        call = _Call(next(self._numbers), asked.name, asked.arguments or {}, _client(context))
        try:
            await self._record("mcp.called", call, arguments=_summary(call.arguments))
        except MithridateError as error:
            return _failed(Outcome(kind="refused", message=str(error), hint=error.hint))
        outcome = Outcome(kind="cancelled", message="the call was cancelled")
        try:
            outcome = await self._done(call, context)
        finally:
            with anyio.CancelScope(shield=True):
                await self._record("mcp.answered", call, **_ended(outcome, call))
        return _failed(outcome) if outcome.kind else _answered(call.tool, outcome)

    async def _done(self, call: _Call, context: _Context) -> Outcome:
        tool = self._tools.get(call.tool)
        if call.tool == TOO_LONG:
            return Outcome(kind="unusable", message=f"a message of more than {self._settings.request_bytes} bytes is not read")
        if tool is None:
            named = f"there is no tool {call.tool[:_LONG_ARGUMENT]!r}"
            return Outcome(kind="unusable", message=named, hint=f"there are: {', '.join(self._tools)}")
        try:
            tool.arguments.model_validate(call.arguments)
        except ValidationError as error:
            return Outcome(kind="unusable", message=_mistakes(error))
        doing = "wait"

        def told(stage: str) -> None:
            nonlocal doing
            doing = stage

        async def beat() -> None:
            while True:
                await context.session.report_progress(round(call.seconds, 1), None, doing)
                await anyio.sleep(_BEAT_S)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(beat)
            outcome = await self._workers.call(call.number, call.tool, call.arguments, told)
            tasks.cancel_scope.cancel()
        return outcome

    async def _record(self, action: str, call: _Call, **facts: Fact) -> None:
        told: dict[str, Fact] = {"call": call.number, "tool": call.tool[:_LONG_ARGUMENT], "agent": self._settings.agent}
        if call.client:
            told["client"] = call.client[:_LONG_ARGUMENT]
        run = call.arguments.get("run")
        run = run if isinstance(run, str) and len(run) <= _LONG_ARGUMENT else ""
        await anyio.to_thread.run_sync(lambda: self._audit.append(action, run, **{**told, **facts}))


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        annotations=types.ToolAnnotations(read_only_hint=not tool.writes, destructive_hint=False, open_world_hint=False),
    )


def _client(context: _Context) -> str:
    params = context.session.client_params
    return f"{params.client_info.name} {params.client_info.version}" if params is not None else ""


def _summary(arguments: Mapping[str, Any]) -> dict[str, Fact]:
    """The arguments for the log: what is long by its hash."""
    return {str(name)[:_LONG_ARGUMENT]: _fact(value) for name, value in list(arguments.items())[:_MOST_FACTS]}


def _fact(value: Any) -> Fact:
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, float) or abs(value) < float("inf") else str(value)
    text = value if isinstance(value, str) else repr(value)
    if len(text) <= _LONG_ARGUMENT:
        return text
    return {"sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), "size": len(text)}


def _ended(outcome: Outcome, call: _Call) -> dict[str, Fact]:
    facts: dict[str, Fact] = {"seconds": round(call.seconds, 3), "cpu_s": outcome.cpu_s}
    if outcome.kind:
        return {"outcome": outcome.kind, "why": outcome.message[:_LONG_ARGUMENT], **facts}
    shown = outcome.answer.encode()
    return {"outcome": "answered", "bytes": len(shown), "sha256": hashlib.sha256(shown).hexdigest(), **facts}


def _answered(tool: str, outcome: Outcome) -> types.CallToolResult:
    words = f"{tool}: done." + (" It is shortened to fit: ask for less to see the rest." if outcome.shortened else "")
    return types.CallToolResult(content=_parts(words, outcome.answer))


def _failed(outcome: Outcome) -> types.CallToolResult:
    """What went wrong may tell of the target (a compiler's first error), so it stands between fences too."""
    text = packed({"kind": outcome.kind, "message": outcome.message, "hint": outcome.hint}, 8 << 10).text
    return types.CallToolResult(content=_parts(f"{_WORDS[outcome.kind]}.", text), is_error=True)


def _parts(words: str, text: str) -> list[Any]:
    return [types.TextContent(type="text", text=part) for part in fenced(words, text)]


def _mistakes(error: ValidationError) -> str:
    """Each mistake with the argument's name, without the value."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    told = [f"{'.'.join(map(str, one['loc'])) or 'the arguments'}: {one['msg']}" for one in found[:8]]
    return "; ".join(told)
