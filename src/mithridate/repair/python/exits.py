"""How a function refuses what it cannot serve: by its own other exits, else as its framework does, else with an exception."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from mithridate.repair.python.imports import imported, modules, using
from mithridate.repair.python.source import Edit, Function, Source, dotted


@dataclass(frozen=True, slots=True)
class Exit:
    """A statement that ends the function with a refusal, and what must be imported for it."""

    statement: str
    edits: tuple[Edit, ...] = ()


_REFUSING = re.compile(
    r"\b(?:abort|Http404|HTTPException|HttpResponse(?:BadRequest|Forbidden|NotFound)|HTTPBadRequest|HTTPNotFound|4\d\d)\b"
)


def exits(source: Source, function: Function, status: int = 400, why: str = "invalid input") -> Iterator[Exit]:
    """Ways to refuse, the most fitting first: the function's own, then those of the file, then the framework's, an exception.

    `status` is the HTTP status that is meant, `why` the words for an exception.
    """
    seen: set[str] = set()
    for each in (*_own(source, function), *_framework(source, status, why), *_raised(source, function, why)):
        if each.statement not in seen:
            seen.add(each.statement)
            yield each


def _own(source: Source, function: Function) -> Iterator[Exit]:
    """Refusals that the function has already: an abort or an answer of the 400s, in the words that stand there."""
    for node in source.nodes(function) if isinstance(function, cst.FunctionDef) else ():
        if source.function_of(node) is not function:
            continue
        text = source.code(node) if isinstance(node, cst.Return | cst.Raise | cst.Expr) else ""
        if not text or "\n" in text or len(text) > 100:
            continue
        if isinstance(node, cst.Return) and isinstance(node.value, cst.IfExp):
            branch = source.code(node.value.orelse)
            if _REFUSING.search(branch) and _free(source, node.value.orelse, function):
                yield Exit(f"return {branch}")
        elif _REFUSING.search(text) and _free(source, node, function) and not _handles(node):
            yield Exit(text)


def _framework(source: Source, status: int, why: str) -> Iterator[Exit]:
    used = modules(source)
    if "flask" in used and _web(source):
        shown, edits = using(source, "flask", "abort")
        yield Exit(f"{shown}({status})", tuple(edits))
    elif "bottle" in used:
        shown, edits = using(source, "bottle", "abort")
        yield Exit(f"{shown}({status})", tuple(edits))
    elif "django" in used and any(m.startswith(("django.http", "django.views", "django.shortcuts")) for m in used):
        if status == 404:
            shown, edits = using(source, "django.http", "Http404")
            yield Exit(f"raise {shown}", tuple(edits))
        else:
            shown, edits = using(source, "django.core.exceptions", "SuspiciousOperation")
            yield Exit(f'raise {shown}("{why}")', tuple(edits))
    elif "fastapi" in used or "starlette" in used:
        module = "fastapi" if "fastapi" in used else "starlette.exceptions"
        shown, edits = using(source, module, "HTTPException")
        yield Exit(f"raise {shown}(status_code={status})", tuple(edits))
    elif "aiohttp.web" in used:
        shown, edits = using(source, "aiohttp", "web")
        yield Exit(f"raise {shown}.{'HTTPNotFound' if status == 404 else 'HTTPBadRequest'}", tuple(edits))
    elif "tornado.web" in used:
        shown, edits = using(source, "tornado.web")
        yield Exit(f"raise {shown}.HTTPError({status})", tuple(edits))


def _raised(source: Source, function: Function, why: str) -> Iterator[Exit]:
    """The function's own exceptions with a text, then a ValueError."""
    quote = source.quote
    for node in source.nodes(function) if isinstance(function, cst.FunctionDef) else ():
        if isinstance(node, cst.Raise) and isinstance(node.exc, cst.Call) and node.cause is None:
            name = dotted(node.exc.func)
            texts = [arg for arg in node.exc.args if arg.keyword is None]
            if len(texts) == len(node.exc.args) == 1 and isinstance(texts[0].value, cst.SimpleString | cst.FormattedString):
                yield Exit(f"raise {name}({quote}{why}{quote})")
    yield Exit(f"raise ValueError({quote}{why}{quote})")


def _web(source: Source) -> bool:
    """The file handles requests, and does not only use a framework's objects."""
    names = set(imported(source).values())
    return any(n in names for n in ("flask.request", "flask.Flask", "flask.Blueprint", "flask.abort", "flask"))


def _free(source: Source, node: cst.CSTNode, function: Function) -> bool:
    """Its names are no local ones, so that it can stand anywhere in the function."""
    from_here = {
        n.value
        for n in source.nodes(function)
        if isinstance(n, cst.Name) and isinstance(source.parent(n), cst.AssignTarget | cst.AsName | cst.Param | cst.CompFor)
    }
    return not any(isinstance(n, cst.Name) and n.value in from_here for n in source.nodes(node))


def _handles(node: cst.CSTNode) -> bool:
    """A bare `raise` needs an exception that is being handled."""
    return isinstance(node, cst.Raise) and node.exc is None
