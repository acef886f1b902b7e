"""Policy documents of AWS: what one identity may do, all its policies together.

Explicit denials without conditions are honoured where they cover all that is allowed; permission boundaries too. What is allowed
under a condition counts as allowed, with less confidence. Service control policies and session policies are not known here.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

LARGEST_DOCUMENT = 1 << 20
"""Characters; AWS itself takes 10 KiB."""
_MOST_STATEMENTS = 2000


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; actions are in lower case. `without` says that actions are those not meant (NotAction)."""

    allow: bool
    actions: tuple[str, ...]
    without: bool
    resources: tuple[str, ...]
    conditional: bool
    principals: tuple[tuple[str, str], ...]
    policy: str = ""

    def covers(self, action: str) -> bool:
        """It is about this action, in lower case."""
        return any(wildcard(pattern, action) for pattern in self.actions) != self.without


def wildcard(pattern: str, text: str) -> bool:
    """`*` is any text, `?` any character. Greedy with one point to go back to: at most length times length steps."""
    at, start, star, mark = 0, 0, -1, 0
    while start < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark, at = at, start, at + 1
        elif at < len(pattern) and pattern[at] in ("?", text[start]):
            at, start = at + 1, start + 1
        elif star >= 0:
            mark += 1
            at, start = star + 1, mark
        else:
            return False
    return all(sign == "*" for sign in pattern[at:])


def statements(document: str, policy: str = "") -> list[Statement]:
    """The statements of a document. ValueError for one that is too large or no policy."""
    if len(document) > LARGEST_DOCUMENT:
        raise ValueError("a policy document is larger than AWS takes")
    try:
        body = json.loads(document)
    except RecursionError:
        raise ValueError("a policy document is nested too deeply") from None
    if not isinstance(body, dict):
        raise ValueError("a policy document is no mapping")
    given = body.get("Statement")
    listed = [given] if isinstance(given, dict) else given if isinstance(given, list) else []
    if len(listed) > _MOST_STATEMENTS:
        raise ValueError("a policy document has more statements than AWS takes")
    return [_statement(one, policy) for one in listed if isinstance(one, dict)]


def _statement(body: dict[str, Any], policy: str) -> Statement:
    without = "NotAction" in body
    resources = _texts(body.get("Resource"))
    if "NotResource" in body:
        resources = ["*"] if body.get("Effect") == "Allow" else []
    principal = body.get("Principal")
    named = principal.items() if isinstance(principal, dict) else [("AWS", principal)] if principal is not None else []
    return Statement(
        allow=body.get("Effect") == "Allow",
        actions=tuple(a.lower() for a in _texts(body.get("NotAction" if without else "Action"))),
        without=without,
        resources=tuple(resources),
        conditional=bool(body.get("Condition")),
        principals=tuple((str(kind), one) for kind, value in named for one in _texts(value)),
        policy=policy,
    )


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class Granted:
    """An action is allowed on resources that match a pattern."""

    pattern: str
    policy: str
    conditional: bool


class Permissions:
    """All statements of one identity, and those of its boundary (None: it has none, or nobody knows it)."""

    def __init__(self, given: Iterable[Statement], boundary: list[Statement] | None = None) -> None:
        given = list(given)
        self._allowed = [s for s in given if s.allow]
        self._denied = [s for s in given if not s.allow and not s.conditional]
        self._boundary = boundary

    def on(self, action: str) -> Iterator[Granted]:
        """Where an action is allowed."""
        action = action.lower()
        denied = [p for s in self._denied if s.covers(action) for p in s.resources]
        if self._boundary is not None and not any(s.allow and s.covers(action) for s in self._boundary):
            return
        for statement in self._allowed:
            if statement.covers(action):
                for pattern in statement.resources:
                    if not any(wildcard(d, pattern) for d in denied):
                        yield Granted(pattern, statement.policy, statement.conditional)

    def may(self, actions: Iterable[str]) -> Granted | None:
        """All of these actions are allowed somewhere; the last grant that is needed, one without a condition if there is one."""
        last = None
        for action in actions:
            found = sorted(self.on(action), key=lambda g: g.conditional)
            if not found:
                return None
            last = found[0]
        return last

    @property
    def everything(self) -> Granted | None:
        """Every action on everything, if that is so."""
        if self._boundary is not None or any("*" in d.actions for d in self._denied):
            return None
        for statement in self._allowed:
            if not statement.without and "*" in statement.actions and "*" in statement.resources and not statement.conditional:
                return Granted("*", statement.policy, False)
        return None
