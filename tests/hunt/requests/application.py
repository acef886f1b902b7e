"""An application in memory that answers documents as an observer would: an ordinary implementation of the engine's Runner.

A handler is a function of a `Visit`; what it asks of it is noted, what it shows to a sink is observed. The judgement is by
structure and small: sqlglot for SQL, html.parser for HTML, posixpath for paths; it stands for the oracle in `oracles`.
"""

import ast
import base64
import json
import posixpath
import re
import secrets
import shlex
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import sqlglot

from mithridate.hunt.engines.requests.reading import _pattern
from mithridate.hunt.engines.requests.views import Answer, Asked, Batch, Escape, Parameter, Route, Run, Seen
from mithridate.model.observation import Mark, Sink

MARK = re.compile("([\ue000\ue001])([\ue100-\ue1ff])")


class Redirect(Exception):
    """Sends the visitor elsewhere."""


class Refused(Exception):
    """Answers with that status instead."""


class Dies(Exception):
    """Takes the whole run with it."""


@dataclass
class Visit:
    """One request as a handler sees it. `world` is what the application remembers within one document's phase."""

    request: Mapping[str, Any]
    path: Mapping[str, str]
    world: dict[str, Any]
    asked: list[Asked] = field(default_factory=list)
    compared: list[str] = field(default_factory=list)
    decoded: list[tuple[str, str]] = field(default_factory=list)
    shown: list[tuple[Sink, str, str]] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)

    def get(self, where: str, name: str) -> str:
        found = [value for key, value in self.request.get(where, ()) if key == name]
        self.asked.append(Asked(where=where, name=name, found=bool(found)))
        return found[0] if found else ""

    def names(self, where: str) -> list[tuple[str, str]]:
        self.asked.append(Asked(where=where, name="*"))
        return [(key, value) for key, value in self.request.get(where, ())]

    def json(self, name: str) -> str:
        self.asked.append(Asked(where="json", name=name))
        body = self.request.get("json")
        return str(body.get(name, "")) if isinstance(body, dict) else ""

    def file(self, name: str) -> dict[str, Any]:
        self.asked.append(Asked(where="files", name=name))
        return next((file for file in self.request.get("files", ()) if file["name"] == name), {})

    def raw(self) -> str:
        self.asked.append(Asked(where="raw_query", name=""))
        return str(self.request.get("raw_query", ""))

    def unbase64(self, text: str) -> str:
        self.decoded.append(("base64", text))
        try:
            plain = base64.b64decode(text, validate=True).decode()
        except ValueError:
            return ""
        self.decoded.append(("base64", plain))
        return plain

    def source(self, text: str) -> ast.Module:
        """What `ast.parse` makes of it; nothing of what is no Python."""
        self.decoded.append(("python source", text))
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError):
            return ast.Module(body=[], type_ignores=[])

    def equal(self, text: str, constant: str) -> bool:
        self.compared.append(constant)
        return text == constant

    def show(self, sink: Sink, text: str, place: str) -> None:
        self.shown.append((sink, text, place))


Handler = Callable[[Visit], str]


@dataclass
class Application:
    """Routes and their handlers. `executed` counts documents, `batches` their numbers in each batch."""

    routes: list[tuple[Route, Handler]] = field(default_factory=list)
    executed: int = 0
    batches: list[int] = field(default_factory=list)
    facts: tuple[Sink, ...] = (Sink.WEAK_HASH,)
    seconds: float = 0.0
    failing: str = ""

    def route(self, path: str, *methods: str, constants: tuple[str, ...] = ()) -> Callable[[Handler], Handler]:
        parameters = tuple(
            Parameter(name=piece.rpartition(":")[2], kind=piece.rpartition(":")[0]) for piece in re.findall(r"<([^<>]+)>", path)
        )

        def add(handler: Handler) -> Handler:
            function = handler.__name__
            route = Route(
                path=path,
                methods=methods or ("GET",),
                parameters=parameters,
                file="/src/app.py",
                function=function,
                constants=constants,
            )
            self.routes.append((route, handler))
            return handler

        return add

    def run(
        self, documents: Sequence[bytes], seconds: float, *, exploring: Container[int] = (), alone: Container[int] = ()
    ) -> Batch:
        if self.failing:
            return Batch(runs=(), failed=self.failing)
        self.batches.append(len(documents))
        runs: list[Run | None] = []
        for data in documents:
            try:
                runs.append(self._one(json.loads(data)))
            except Dies:
                break
        self.executed += len(runs)
        left = [None] * (len(documents) - len(runs))
        return Batch(runs=(*runs, *left), routes=tuple(r for r, _ in self.routes), ready_s=0.01, cpu_s=0.1)

    def _one(self, content: dict[str, Any]) -> Run:
        tokens = {number: (_token(), _token()) for number in range(256)}
        answers: list[Answer] = []
        seen: list[Seen] = []
        ended = "done"
        for phase in ("control", "attack"):
            world: dict[str, Any] = {}
            for index, step in enumerate(content[phase]):
                answer, shown = self._step(_plain(step["request"], tokens), world, phase, index, tokens)
                answers.append(answer)
                seen += shown
        return Run(ended=ended, answers=tuple(answers), seen=tuple(seen), escapes=tuple(_judge(seen)))

    def _step(
        self, request: dict[str, Any], world: dict[str, Any], phase: Any, index: int, tokens: Any
    ) -> tuple[Answer, list[Seen]]:
        route, handler, parameters = self._find(request)
        visit = Visit(request=request, path=parameters, world=world)
        status, body, raised = (200, "", "") if handler else (404, "nothing", "")
        try:
            body = handler(visit) if handler else body
        except Redirect as there:
            status = 302
            visit.headers.append(("Location", str(there)))
            visit.show(Sink.REDIRECT, str(there), "")
        except Refused as refused:
            status = refused.args[0]
        except (ValueError, KeyError) as error:
            status, raised = 500, f"{type(error).__name__}: {error}"
        if body:
            visit.show(Sink.HTML, body, "")
        place = f"/src/app.py:{route.function}" if route else ""
        seen = [
            Seen(phase=phase, step=index, sink=sink, text=text, place=where or place, marks=_marks(text, tokens))
            for sink, text, where in visit.shown
            if sink in self.facts or _marks(text, tokens)
        ]
        decoded = [(name, mark.number) for name, text in visit.decoded for mark in _marks(text, tokens)]
        answer = Answer(
            phase=phase,
            step=index,
            status=status,
            body=body,
            raised=raised,
            headers=(("Content-Type", "text/html"), *visit.headers),
            asked=tuple(visit.asked),
            compared=tuple(visit.compared),
            decoded=tuple(decoded),
            edges=20 + len(visit.shown),
            new_edges=len(visit.asked) + 3 * len(visit.shown),
        )
        return answer, seen

    def _find(self, request: dict[str, Any]) -> tuple[Route | None, Handler | None, dict[str, str]]:
        for route, handler in self.routes:
            pattern, names = _pattern(route.path)
            if request["method"] in route.methods and (found := re.fullmatch(pattern, unquote(request["path"]), re.DOTALL)):
                return route, handler, dict(zip(names, found.groups(), strict=True))
        return None, None, {}


def _token() -> str:
    return "t" + secrets.token_hex(5)[:9]


def _plain(value: Any, tokens: Mapping[int, tuple[str, str]]) -> Any:
    """A document's value as the program gets it."""
    if isinstance(value, str):
        return MARK.sub(lambda m: tokens[ord(m[2]) - 0xE100][m[1] == "\ue001"], value)
    if isinstance(value, list):
        return [_plain(item, tokens) for item in value]
    if not isinstance(value, dict):
        return value
    of = _plain(value.get("of"), tokens)
    match value.get("make"):
        case None:
            return {_plain(key, tokens): _plain(item, tokens) for key, item in value.items()}
        case "base64" | "base64url":
            return base64.b64encode(of.encode()).decode()
        case "hex":
            return of.encode().hex()
        case "url":
            return quote(of, safe="")
        case "json":
            return json.dumps(of)
        case "join":
            return "".join(of)
        case "repeat":
            return of * value["times"]
        case _:
            return json.dumps(_plain(value.get("members", of), tokens))


def _marks(text: str, tokens: Mapping[int, tuple[str, str]]) -> tuple[Mark, ...]:
    lower = text.lower()
    if "t" not in lower:
        return ()
    return tuple(Mark(number=n, opening=o, closing=c) for n, (o, c) in tokens.items() if o in lower or c in lower)


def _judge(seen: Sequence[Seen]) -> list[Escape]:
    found: list[Escape] = []
    for one in seen:
        if one.sink is Sink.WEAK_HASH:
            found.append(Escape(kind="weak-hash", sink=one.sink, place=one.place, stack=one.place, fact=True))
        twins = [c for c in seen if c.phase == "control" and (c.sink, c.place, c.step) == (one.sink, one.place, one.step)]
        chosen = one.sink in (Sink.TYPE, Sink.ENTITY) and not twins
        called = ("(" in one.text.partition(mark.opening)[2].partition(mark.closing)[0] for mark in one.marks)
        chosen |= one.sink is Sink.CODE and any(called)
        if one.phase == "attack" and (chosen or (twins and _escaped(one, twins[0]))):
            found.append(Escape(kind=f"{one.sink}-injection", sink=one.sink, place=one.place, stack=one.place))
    return list(dict.fromkeys(found))


def _escaped(attack: Seen, control: Seen) -> bool:
    match attack.sink:
        case Sink.SQL:
            return _tree(attack.text) not in (None, _tree(control.text))
        case Sink.HTML:
            return _tags(attack.text) != _tags(control.text)
        case Sink.PATH:
            return posixpath.dirname(posixpath.normpath(attack.text)) != posixpath.dirname(control.text)
        case Sink.SHELL:
            return _words(attack.text) not in (0, _words(control.text))
        case Sink.REDIRECT | Sink.REQUEST:
            return urlsplit(attack.text).netloc != urlsplit(control.text).netloc
    return False


def _tree(statement: str) -> str | None:
    try:
        tree = sqlglot.parse_one(statement)
    except sqlglot.errors.SqlglotError:
        return None
    return re.sub(
        r"'[^']*'|\bt[0-9a-f]{9}\w*\b",
        "?",
        repr(
            tree.transform(
                lambda node: (
                    sqlglot.exp.Literal.string("x") if isinstance(node, sqlglot.exp.Literal | sqlglot.exp.Identifier) else node
                )
            )
        ),
    )


def _tags(text: str) -> list[str]:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append(f"{tag} {[name for name, _ in attrs]}")

    Reader().feed(text)
    return found


def _words(text: str) -> int:
    try:
        return len(list(shlex.shlex(text, posix=True, punctuation_chars=True)))
    except ValueError:
        return 0


def pairs(text: str) -> dict[str, str]:
    """A query string's pairs."""
    return dict(parse_qsl(text))
