"""How a function refuses what it cannot serve: by its own other exits, else as its framework does, else with an exception."""

import builtins
import re
from collections import Counter
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


_LETS_PASS = re.compile(r"_*(?:accepts?|allows|can|exists|(?:is_)?(?:allowed|safe|valid)|supports)(?:_|$)")
"""Names of functions of which "no" is the careful answer; of is_spam or contains_virus it would be the other."""
_NO_REFUSALS = frozenset(
    {"AssertionError", "AttributeError", "ImportError", "IndexError", "KeyError", "KeyboardInterrupt", "NotImplementedError"}
    | {"StopIteration", "SystemExit"}
)
"""Raised for other reasons than that an input is refused."""


def exits(source: Source, function: Function, status: int = 400, why: str = "invalid input") -> Iterator[Exit]:
    """Ways to refuse, the most fitting first: the function's own, then those of the file, then the framework's, an exception.

    `status` is the HTTP status that is meant, `why` the words for an exception.
    """
    seen: set[str] = set()
    for each in (
        *_own(source, function),
        *_denied(source, function),
        *_framework(source, status, why),
        *_raised(source, function, why),
    ):
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


def _denied(source: Source, function: Function) -> Iterator[Exit]:
    """A function that says yes or no, and no already where something is amiss, says no."""
    if not isinstance(function, cst.FunctionDef) or not _LETS_PASS.match(function.name.value):
        return
    mine = [n for n in source.nodes(function) if isinstance(n, cst.Return | cst.Raise) and source.function_of(n) is function]
    given = [n.value for n in mine if isinstance(n, cst.Return)]
    says = {source.code(value) for value in given if isinstance(value, cst.Name)}
    truths = cst.IfExp | cst.Comparison | cst.UnaryOperation | cst.BooleanOperation | cst.Call | cst.Name
    if len(given) == len(mine) > 1 and "False" in says <= {"True", "False"} and all(isinstance(v, truths) for v in given):
        yield Exit("return False")


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
    """The function's own exceptions with a text, those first that its file raises most; then what its object raises them by, the
    file's, a ValueError."""
    quote = source.quote
    usual = Counter(name for name in _exceptions(source, source.module) if _known(source, name.partition(".")[0]))
    own = sorted(_exceptions(source, function), key=lambda name: -usual[name]) if isinstance(function, cst.FunctionDef) else []
    most = [name for name, _ in usual.most_common() if name.rpartition(".")[2] not in _NO_REFUSALS]
    ways = [f"raise {name}" for name in own] + list(_complaints(source, function))
    for way in (*ways, *(f"raise {name}" for name in most[:1]), "raise ValueError"):
        yield Exit(f"{way}({quote}{why}{quote})")


def _complaints(source: Source, function: Function) -> Iterator[str]:
    """Methods of the same object that do nothing but raise, and are called with a text: `self.fail`."""
    owner = next((p for p in source.parents(function) if isinstance(p, cst.ClassDef | cst.FunctionDef)), None)
    if not isinstance(owner, cst.ClassDef) or not isinstance(function, cst.FunctionDef) or not function.params.params:
        return
    held = function.params.params[0].name.value
    told = [n for n in source.nodes(owner) if isinstance(n, cst.Call) and n.args and _is_text(n.args[0].value)]
    for method in owner.body.body:
        if not isinstance(method, cst.FunctionDef) or method is function or method.decorators or method.params.kwonly_params:
            continue
        last = method.body.body[-1] if method.body.body else None
        raises = isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[0], cst.Raise)
        leaves = method.asynchronous or any(isinstance(n, cst.Return | cst.Yield) for n in source.nodes(method))
        needed = [p for p in method.params.params[1:] if p.default is None]
        way = f"{held}.{method.name.value}"
        if raises and not leaves and len(needed) == 1 and any(dotted(call.func) == way for call in told):
            yield way


def _known(source: Source, name: str) -> bool:
    """Known everywhere in the file: built in, imported, or a class of the module."""
    classes = {node.name.value for node in source.module.body if isinstance(node, cst.ClassDef)}
    return hasattr(builtins, name) or name in classes or name in imported(source)


def _exceptions(source: Source, inside: cst.CSTNode) -> Iterator[str]:
    """What is raised there with a text and nothing else."""
    for node in source.nodes(inside):
        call = node.exc if isinstance(node, cst.Raise) and node.cause is None else None
        if not isinstance(call, cst.Call) or len(call.args) != 1 or call.args[0].keyword is not None:
            continue
        if _is_text(call.args[0].value) and dotted(call.func):
            yield dotted(call.func)


def _is_text(node: cst.BaseExpression) -> bool:
    match node:
        case cst.SimpleString() | cst.FormattedString() | cst.ConcatenatedString():
            return True
        case cst.BinaryOperation(left=left, operator=cst.Modulo() | cst.Add()):
            return _is_text(left)
        case cst.Call(func=cst.Attribute(value=value, attr=cst.Name(value="format"))):
            return _is_text(value)
        case _:
            return False


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
