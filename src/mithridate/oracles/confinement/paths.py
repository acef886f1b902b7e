"""File paths and archive members: the resolved path must stay below the directory that harmless data stays below."""

import posixpath
import re
from collections.abc import Sequence

from mithridate.model.observation import Observation
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.escape import Escape, quoted
from mithridate.oracles.confinement.sent import Sent
from mithridate.oracles.confinement.spans import CANONICAL_TOKEN, Marked, canonical, marked

_DONE = {
    "read": "is opened for reading",
    "write": "is written to",
    "delete": "is deleted",
    "list": "is listed",
    "exists": "is looked for",
    "run": "is run",
}


_CLIMB = re.compile(r"(?<![^/])\.\./")
_LONGEST_CLIMB, _MOST_CLIMBS = 4_096, 64


def traversed(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
    """A path outside of the directory that holds what harmless data names."""
    text = marked(attack)
    if not text.spans or "\0" in text.text or _cannot_exist(text.text):
        return None
    target = _resolved(attack)
    roots = [root for c in controls if (root := _root(c)) is not None]
    if not roots:
        root = _root_without_control(attack, text, sent)
        roots = [root] if root is not None else ["/"]
    if any(_below(target, root) for root in roots):
        return None
    part, shown = quoted(text.text), quoted(target)
    done = _DONE.get(attack.detail.get("mode", ""), "is used")
    why = f"The path `{part}` leads to `{shown}`, which {done}, outside of `{roots[0]}`, where harmless data stays."
    return Escape(ViolationKind.PATH_TRAVERSAL, why, part)


def extracted(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:  # noqa: ARG001
    """An archive member that lands outside of the directory that it is extracted to."""
    root = attack.detail.get("root", "")
    if not marked(attack).spans or not root or _lands_inside(attack) or any(not _lands_inside(c) for c in controls):
        return None
    part, shown = quoted(marked(attack).text), quoted(_resolved(attack))
    return Escape(
        ViolationKind.ARCHIVE_TRAVERSAL, f"The archive member `{part}` lands at `{shown}`, outside of `{quoted(root)}`.", part
    )


def _lands_inside(member: Observation) -> bool:
    root = member.detail.get("root", "")
    return _below(_resolved(member, root), posixpath.normpath(posixpath.join(member.detail.get("cwd", "/"), root)))


def _resolved(observation: Observation, base: str = "") -> str:
    """The path with links followed where the observer could, else made absolute and normal; tokens canonical."""
    base = posixpath.join(observation.detail.get("cwd", "") or "/", base)
    path = observation.detail.get("real", "") or posixpath.join(base, observation.text)
    return _normal(_renamed(observation, path))


def _renamed(observation: Observation, path: str) -> str:
    return marked(Observation(sink=observation.sink, api="", text=path, marks=observation.marks)).text


def _normal(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))


def _root(control: Observation) -> str | None:
    """The directory before the first component with a token in it; of the path as given where links hide the token."""
    for path in (
        _resolved(control),
        _normal(_renamed(control, posixpath.join(control.detail.get("cwd", "") or "/", control.text))),
    ):
        token = CANONICAL_TOKEN.search(path)
        if token:
            return path[: path.rindex("/", 0, token.start())] or "/"
    return None


def _root_without_control(attack: Observation, text: Marked, sent: Sent) -> str | None:
    """Where nothing harmless came so far, only steps to a parent directory that were surely sent tell anything."""
    span = text.spans[0]
    climbs = [m.start() for m in _CLIMB.finditer(text.text[: min(span.start, _LONGEST_CLIMB)])]
    start = next((c for c in climbs[:_MOST_CLIMBS] if sent.contains(text.text[c : span.start])), span.start)
    if start == span.start and "/../" not in text.inner(span) + "/":
        return None
    kept = posixpath.join(attack.detail.get("cwd", "") or "/", text.text[:start])
    return _normal(kept[: kept.rindex("/")])


def _cannot_exist(path: str) -> bool:
    """A step to the parent of a directory whose name the program began and the attacker continued: there is no such directory.

    Where the data is the whole name, the attacker need not name one that does not exist.
    """
    components = path.split("/")
    for index, component in enumerate(components):
        if CANONICAL_TOKEN.search(component):
            spans = canonical(component).spans
            return component[: spans[0].start].strip(".") != "" and ".." in components[index + 1 :]
    return False


def _below(path: str, root: str) -> bool:
    return root == "/" or path == root or path.startswith(root.rstrip("/") + "/")
