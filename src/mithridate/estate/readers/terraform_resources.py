"""Resources of a Terraform state (version 4) or of `terraform show -json` of a state or a plan, one at a time.

Attributes that are marked as sensitive are taken out before anybody looks at a resource.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import RecordTooLarge, records
from mithridate.model.errors import UsageError

_INDEX = re.compile(r"\[[^\[\]]*\]\Z")
_MODULES = 32
"""Levels of modules within each other."""
_SHOWN = ("values.root_module", "planned_values.root_module", "prior_state.values.root_module")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. `references` are the addresses that an attribute was written with, for values that a plan does not know."""

    address: str
    type: str
    values: dict[str, Any]
    place: int
    data: bool = False
    references: dict[str, list[str]] = field(default_factory=dict)

    def text(self, *names: str) -> str:
        """The first of some attributes that is a text; empty when none is."""
        return next((v for n in names if isinstance(v := self.values.get(n), str) and v), "")

    def texts(self, name: str) -> list[str]:
        """An attribute that is a text or a list of texts."""
        return listed(self.values.get(name))

    def number(self, name: str, otherwise: int = 0) -> int:
        """A whole number; some exporters write it as a text."""
        return whole(self.values.get(name), otherwise)

    def blocks(self, name: str) -> list[dict[str, Any]]:
        """An attribute that is a block or a list of blocks."""
        value = self.values.get(name)
        if isinstance(value, dict):
            return [value]
        return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def listed(value: Any) -> list[str]:
    """A text, or those in a list."""
    if isinstance(value, str):
        return [value] if value else []
    return [v for v in value if isinstance(v, str) and v] if isinstance(value, list) else []


def whole(value: Any, otherwise: int = 0) -> int:
    """A whole number of any shape; `otherwise` for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return otherwise
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return otherwise
    return number if -(2**62) < number < 2**62 else otherwise


def base_address(address: str) -> str:
    """An address without its index."""
    return _INDEX.sub("", address)


def resources(path: Path, sink: Sink, wanted: frozenset[str]) -> Iterator[Resource]:
    """All resources of the types `wanted`. UsageError for a file that is no JSON from its beginning on."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    count = 0
    with file:
        try:
            for body in records(file, "resources.item"):
                count += 1
                with sink.tolerate(count):
                    yield from _of_state(body, count, wanted)
            file.seek(0)
            references: dict[str, dict[str, list[str]]] = {}
            for module in records(file, "configuration.root_module"):
                _expressions(module, "", references, 0)
            for prefix in _SHOWN:
                for inner in ("resources.item", "child_modules.item"):
                    file.seek(0)
                    for body in records(file, f"{prefix}.{inner}"):
                        for shown in _of_module(body, 0) if inner.startswith("child") else [body]:
                            count += 1
                            with sink.tolerate(count):
                                yield from _shown(shown, count, wanted, references, prefix.startswith("prior"))
        except (ValueError, RecordTooLarge) as error:
            if not count:
                raise UsageError(f"{path} is no JSON: {' '.join(str(error).split())[:200]}") from None
            sink.broken(count, f"nothing after this record can be read: {error}")


def _of_state(body: dict[str, Any], place: int, wanted: frozenset[str]) -> Iterator[Resource]:
    kind = body["type"]
    if kind not in wanted:
        return
    data = body.get("mode") == "data"
    parts = [body.get("module"), "data" if data else "", f"{kind}.{body['name']}"]
    address = ".".join(p for p in parts if isinstance(p, str) and p)
    for instance in body["instances"]:
        index = instance.get("index_key")
        named = address if index is None else f"{address}[{index!r}]".replace("'", '"')
        values = dict(instance["attributes"])
        for path in instance.get("sensitive_attributes") or []:
            first = path[0] if isinstance(path, list) and path else path
            values.pop(first.get("value") if isinstance(first, dict) else first, None)
        yield Resource(named, kind, values, place, data)


def _of_module(body: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth >= _MODULES or not isinstance(body, dict):
        return
    yield from (r for r in body.get("resources") or [] if isinstance(r, dict))
    for module in body.get("child_modules") or []:
        yield from _of_module(module, depth + 1)


def _shown(
    body: dict[str, Any], place: int, wanted: frozenset[str], references: dict[str, dict[str, list[str]]], prior: bool
) -> Iterator[Resource]:
    kind, address, data = body["type"], body["address"], body.get("mode") == "data"
    if kind not in wanted or (prior and not data):
        return
    values = _told(dict(body["values"]), body.get("sensitive_values"))
    yield Resource(str(address), kind, values, place, data, references.get(_plain(str(address)), {}))


def _told(values: dict[str, Any], sensitive: Any) -> dict[str, Any]:
    """Values without those that are marked."""
    if not isinstance(sensitive, dict):
        return values
    for key, mark in sensitive.items():
        value = values.get(key)
        if mark is True:
            values.pop(key, None)
        elif isinstance(mark, dict) and isinstance(value, dict):
            values[key] = _told(dict(value), mark)
        elif isinstance(mark, list) and isinstance(value, list) and any(mark):
            # A list may be shorter than its marks; then nothing of it is certain to be harmless.
            pairs = zip(value, mark, strict=True) if len(value) == len(mark) else ()
            values[key] = [_told(dict(v), m) if isinstance(v, dict) else v for v, m in pairs if m is not True]
    return values


def _plain(address: str) -> str:
    """An address without any index: the place in the configuration."""
    return re.sub(r"\[[^\[\]]*\]", "", address)


def _expressions(module: Any, prefix: str, found: dict[str, dict[str, list[str]]], depth: int) -> None:
    if depth >= _MODULES or not isinstance(module, dict):
        return
    for body in module.get("resources") or []:
        if isinstance(body, dict) and isinstance(body.get("address"), str) and isinstance(body.get("expressions"), dict):
            named = {key: [prefix + r for r in _references(value)] for key, value in body["expressions"].items()}
            found[prefix + body["address"]] = named
    calls = module.get("module_calls")
    for name, call in calls.items() if isinstance(calls, dict) else ():
        if isinstance(call, dict):
            _expressions(call.get("module"), f"{prefix}module.{name}.", found, depth + 1)


def _references(value: Any) -> list[str]:
    """The resources that an expression names: "aws_iam_role.app.arn" is aws_iam_role.app."""
    pending, found = [value], []
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending += one
        elif isinstance(one, dict):
            named = one.get("references")
            if isinstance(named, list):
                found += [".".join(_plain(r).split(".")[:2]) for r in named if isinstance(r, str) and "." in r]
            pending += [v for k, v in one.items() if k != "references" and isinstance(v, list | dict)]
    return list(dict.fromkeys(found))
