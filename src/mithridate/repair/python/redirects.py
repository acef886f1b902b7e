"""Open redirects: only targets on the same host (CWE-601)."""

from collections.abc import Iterator

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.exits import Exit
from mithridate.repair.python.flow import Place, Value, argument, origins
from mithridate.repair.python.guards import default_of, guarded, refused
from mithridate.repair.python.helper import defined_before, free_name
from mithridate.repair.python.imports import modules, using
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, dotted

_SENDING = frozenset(
    {"redirect", "HttpResponseRedirect", "HttpResponsePermanentRedirect", "RedirectResponse", "HTTPFound", "HTTPSeeOther"}
    | {"HTTPMovedPermanently", "HTTPTemporaryRedirect", "HTTPPermanentRedirect"}
)
_CAUSE = "the target of a redirect comes from outside and is not confined to this host"
_CHECK = (
    "def {name}(target):",
    '    """Whether a browser that follows `target` stays on this host."""',
    '    address = target.replace("\\\\", "/")',
    "    try:",
    "        parts = {urlsplit}(address)",
    "    except ValueError:",
    "        return False",
    '    return target.isprintable() and not (parts.scheme or parts.netloc or address.startswith("//") or target[:1].isspace())',
)
_WITH_HOST = (
    *_CHECK[:7],
    "    if not target.isprintable() or target[:1].isspace():",
    "        return False",
    "    if parts.netloc:",
    '        return parts.scheme in ("http", "https", "") and parts.netloc == {host}',
    '    return not (parts.scheme or address.startswith("//"))',
)


class RedirectProposer(PythonProposer):
    """A check of the target; a script in it is no target either, so that it answers for scripting through a redirect too."""

    name = "python-redirect"
    kinds = frozenset({ViolationKind.OPEN_REDIRECT, ViolationKind.CROSS_SITE_SCRIPTING})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """The framework's own check where it has one, else one that is added; the default target, else a refusal."""
        for place in scene.places[:3]:
            for target in targets(place):
                yield from _checks(place, target)


def targets(place: Place) -> Iterator[cst.BaseExpression]:
    """The expressions that a line (or a function, when no more is known) redirects to."""
    source = place.source
    for call in place.all_calls if place.vague else place.calls:
        name = dotted(call.func).rpartition(".")[2]
        node = None
        if name in _SENDING:
            node = argument(call, 0, "location", "url", "redirect_to", "to")
        elif name in ("send_header", "set_header", "add_header"):
            first = argument(call, 0, "name", "keyword")
            if isinstance(first, cst.SimpleString) and str(first.evaluated_value).lower() == "location":
                node = argument(call, 1, "value")
        if node is not None and not isinstance(node, cst.SimpleString):
            yield node
    for each in source.nodes(place.function):
        if isinstance(each, cst.Assign) and isinstance(each.targets[0].target, cst.Subscript):
            key = each.targets[0].target.slice[0].slice
            if isinstance(key, cst.Index) and isinstance(key.value, cst.SimpleString) and key.value.evaluated_value == "Location":
                yield each.value


def _checks(place: Place, target: cst.BaseExpression) -> Iterator[Change]:
    source = place.source
    used = modules(source)
    value = Value(place, target)
    default = next((found for origin in origins(value) if (found := default_of(origin)) is not None), None)
    host = "request.host" if "flask" in used else ""
    request = next((a for a in ("request", "self.request") if a in source.code(place.function)), "")
    ways: list[tuple[tuple[str, ...], float]] = [(_CHECK, 1.0)]
    if host and request:
        ways.append((tuple(line.replace("{host}", host) for line in _WITH_HOST), 1.2))
    for lines, rank in ways:
        name = free_name(source, "is_local")
        urlsplit, extra = using(source, "urllib.parse", "urlsplit")
        helper = defined_before(source, place.function, [line.format(name=name, urlsplit=urlsplit) for line in lines])

        def condition(held: str, name: str = name) -> str:
            return f"not {name}({held})"

        checks: list[tuple[str, list[Edit]] | None] = []
        if default is not None:
            checks = [refused(place, target, "target", condition, Exit("{} = " + default))]
        checks += guarded(place, target, "target", condition, 400, "not a page of this host", most=1)
        for number, done in enumerate(c for c in checks if c is not None):
            text, edits = done
            every = edits_of(source, edits, helper, extra)
            yield Change(_CAUSE, "redirect only to places of this host", every, condition=text, rank=rank + number / 20)
    if "django" in used and request:
        check, extra = using(source, "django.utils.http", "url_has_allowed_host_and_scheme")
        hosts = f"allowed_hosts={{{request}.get_host()}}, require_https={request}.is_secure()"
        for text, edits in guarded(
            place, target, "target", lambda held: f"not {check}({held}, {hosts})", 400, "not a page of this host", most=1
        ):
            yield Change(_CAUSE, "redirect only to places of this host", edits_of(source, edits, extra), condition=text, rank=0.9)
