"""What an observer inside the target saw reach a sink, and where a run's input came from. Format: docs/input-document.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mithridate.model.violation import Frame


class Sink(StrEnum):
    """Where text is interpreted, or what an observer notes without any text from outside (facts)."""

    SQL = "sql"
    SHELL = "shell"
    COMMAND = "command"
    PATH = "path"
    HTML = "html"
    HEADER = "header"
    REDIRECT = "redirect"
    REQUEST = "request"
    XPATH = "xpath"
    REGEX = "regex"
    LOG = "log"
    TEMPLATE = "template"
    XML = "xml"
    ENTITY = "entity"
    LDAP = "ldap"
    CODE = "code"
    TYPE = "type"
    MODULE = "module"
    MEMBER = "member"
    SESSION = "session"
    WEAK_HASH = "weak-hash"
    WEAK_CIPHER = "weak-cipher"
    WEAK_RANDOM = "weak-random"
    COOKIE = "cookie"
    ERROR = "error"


FACTS = frozenset({Sink.WEAK_HASH, Sink.WEAK_CIPHER, Sink.WEAK_RANDOM, Sink.COOKIE, Sink.SESSION})
"""Sinks whose use is a weak practice by itself: observed, not proved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The tokens that enclose one piece of attacker data in one run."""

    number: int
    opening: str
    closing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Text that reached a sink. `marks` are those of the run whose tokens are in `text`; `frames` are innermost first.

    `dialect` narrows the sink's grammar; `detail` is what the sink's row in docs/input-document.md says.
    """

    sink: Sink
    api: str
    text: str
    dialect: str = ""
    marks: tuple[Mark, ...] = ()
    frames: tuple[Frame, ...] = ()
    stopped: bool = False
    detail: Mapping[str, str] = field(default_factory=dict)
