"""The functions of a door: what its file tells about each of them (docs/input-document.md, the door; "functions" and "calls")."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mithridate.model.entry import Binary

Json = Any
"""A J of the format."""
_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter. `kind` in inspect's words, lower case; `default` is its source text, None when an argument is required."""

    name: str
    kind: str = "positional_or_keyword"
    annotation: str = ""
    default: str | None = None

    @property
    def required(self) -> bool:
        """True when a call must give it."""
        return self.default is None and not self.variable

    @property
    def variable(self) -> bool:
        """`*args` or `**kwargs`."""
        return self.kind.startswith("var")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A public function, method or class. `constants` are those of its code; `calls` are recorded: {"args":
    […], "kwargs": {…}, "construct": {…}}.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    doc: str = ""
    file: str = ""
    line: int = 0
    construct: tuple[Parameter, ...] | None = None
    constants: tuple[str, ...] = ()
    calls: tuple[Mapping[str, Json], ...] = ()
    program: bool = False
    """It is no function but a program, run with arguments, standard input and files."""

    @property
    def module(self) -> str:
        """The module's dotted name."""
        return self.name.partition(":")[0]

    @property
    def function(self) -> str:
        """The name inside the module."""
        return self.name.partition(":")[2]

    @property
    def owner(self) -> str:
        """The target that is the method's class, or ""."""
        return self.name.rpartition(".")[0] if "." in self.function else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Everything that the search needs of a door file."""

    targets: Mapping[str, Target] = field(default_factory=dict)


def door_file(binary: Binary) -> Path:
    """Where the door file of a binary lies on the host."""
    first, _, rest = binary.path.lstrip("/").partition("/")
    return binary.directory / first / rest


def read_door(text: bytes) -> Door:
    """The targets of a door file; what is malformed is left out."""
    try:
        told = json.loads(text[:_LARGEST])
    except (ValueError, RecursionError):
        return Door()
    if not isinstance(told, dict):
        return Door()
    if told.get("kind") == "program" and isinstance(told.get("import"), str):
        about = _dict(told.get("program"))
        return Door(targets={told["import"]: Target(name=told["import"], file=str(about.get("file") or ""), program=True)})
    functions = [f for f in _list(told.get("functions")) if isinstance(f, dict) and isinstance(f.get("target"), str)]
    functions += [f for f in _list(told.get("targets")) if isinstance(f, dict) and isinstance(f.get("target"), str)]
    described = {str(f["target"]): f for f in functions}
    names = [t for t in _list(told.get("targets")) if isinstance(t, str)] or list(described)
    calls, examples = _dict(told.get("calls")), _dict(told.get("examples"))
    targets: dict[str, Target] = {}
    for name in dict.fromkeys(names):
        about = described.get(name, {})
        recorded = [c for c in _list(calls.get(name)) if isinstance(c, dict)]
        recorded += [{"args": a} for a in _list(examples.get(name)) if isinstance(a, list) and not recorded]
        targets[name] = Target(
            name=name,
            parameters=_parameters(about.get("parameters") or about.get("signature")),
            doc=str(about.get("doc") or "")[:20_000],
            file=str(about.get("file") or ""),
            line=about["line"] if isinstance(about.get("line"), int) else 0,
            construct=_construct(about, described, name),
            constants=tuple(c for c in _list(about.get("constants")) if isinstance(c, str) and c),
            calls=tuple(recorded[:12]),
        )
    return Door(targets=targets)


def _construct(about: Mapping[str, Any], described: Mapping[str, Mapping[str, Any]], name: str) -> tuple[Parameter, ...] | None:
    """How an object of the method's class is made; None for functions, and when nothing is known of it."""
    for member in ("construct", "constructor"):
        if isinstance(about.get(member), list):
            return _parameters(about[member])
        if isinstance(about.get(member), dict):
            return _parameters(about[member].get("signature"))
    owner = name.rpartition(".")[0]
    if "." not in name.partition(":")[2] or owner not in described:
        return None
    return _parameters(described[owner].get("parameters") or described[owner].get("signature"))


def _parameters(told: object) -> tuple[Parameter, ...]:
    found = []
    for position, one in enumerate(_list(told)):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            continue
        if position == 0 and one["name"] in ("self", "cls"):
            continue
        default = one.get("default")
        found.append(
            Parameter(
                name=one["name"],
                kind=str(one.get("kind") or "positional_or_keyword").lower().replace("-", "_").replace(" ", "_"),
                annotation=str(one.get("annotation") or ""),
                default=None if default is None or default == "" else str(default),
            )
        )
    return tuple(found)


def _list(told: object) -> list[Any]:
    return told if isinstance(told, list) else []


def _dict(told: object) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}
