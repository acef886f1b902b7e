"""The scope: who may analyse what, until when, in which sandboxes, and which models may see it. Nothing runs without one.

A scope is a small TOML file that the owner of the software writes once (`mithridate scope init`) and that travels with the
source tree. It is a person's statement on record, not a defence against that person.
"""

import json
import os
import re
import shlex
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from mithridate.model.errors import PolicyRefusal, UsageError
from mithridate.model.exchange import DataClass

SCOPE_FILE = "mithridate.scope.toml"
"""The file's name inside the directory it covers (beside an archive: `<archive>.scope.toml`). Never part of what is analysed."""

DEFAULT_SANDBOXES = ("bubblewrap",)
UNSAFE_SANDBOX = "unsafe-host"

_LARGEST_BYTES = 64 << 10
_SUGGESTED_DAYS = 90
_VERSION = 1
_KEYS = {
    "": ("version", "owner", "until", "sandboxes", "models", "seal_exchanges", "disclose", "what", "attestation"),
    "what": ("path", "name", "snapshot"),
    "attestation": ("sentence", "attested_by", "date"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A person's sentence that the owner authorises the analysis, who said it, and when."""

    sentence: str
    attested_by: str
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What may be analysed. `path` is absolute, or None when `name` (the target's last path part) stands for the target.

    `until` is the last day (UTC) on which work may be done. `snapshot`, when not empty, is the only content hash allowed.
    `models` are the language models that may see anything; none by default. `disclose` says which classes of data each may see
    (an empty tuple, and a model that is not named, see none). `seal_exchanges`: what was said to models is kept encrypted.
    `file` is where the scope was read from.
    """

    owner: str
    path: Path | None
    until: date
    attestation: Attestation
    name: str = ""
    snapshot: str = ""
    sandboxes: tuple[str, ...] = DEFAULT_SANDBOXES
    models: tuple[str, ...] = ()
    disclose: tuple[tuple[str, tuple[DataClass, ...]], ...] = ()
    seal_exchanges: bool = False
    file: Path | None = field(default=None, compare=False)

    @property
    def what(self) -> str:
        """The covered path or name, for people."""
        return str(self.path) if self.path is not None else self.name

    def discloses(self, model: str) -> frozenset[DataClass]:
        """The classes of data that this model may see; none unless `models` lists it and `[disclose]` names them."""
        return frozenset(dict(self.disclose).get(model, ())) if model in self.models else frozenset()

    def covers(self, target: Path) -> bool:
        """True when `target` is the scope's path, lies below it, or has the scope's name. Symbolic links are followed first."""
        real = target.resolve()
        return real.is_relative_to(self.path.resolve()) if self.path is not None else real.name == self.name

    def require_valid(self, today: date | None = None) -> None:
        """Raise PolicyRefusal after the last day. `today` defaults to the present day in UTC."""
        if (today or current_day()) > self.until:
            raise PolicyRefusal(
                f"the scope of {self.owner} for {self.what} ended on {self.until}",
                hint=f"renew it: {init_command(self.path, force=True)}",
            )

    def require_target(self, target: Path) -> None:
        """Raise PolicyRefusal when `target` is not covered."""
        if not self.covers(target):
            raise PolicyRefusal(
                f"the scope in {self.file or 'use'} covers {self.what}, not {target}", hint=f"write one: {init_command(target)}"
            )

    def require_snapshot(self, snapshot: str) -> None:
        """Raise PolicyRefusal when the scope names another content hash."""
        if self.snapshot and snapshot != self.snapshot:
            raise PolicyRefusal(
                f"the scope covers only snapshot {self.snapshot[:12]}, and this tree is {snapshot[:12]}",
                hint="take `snapshot` out of the scope, or analyse the tree that it names",
            )

    def require_sandbox(self, name: str) -> None:
        """Raise PolicyRefusal when the scope does not list this sandbox by name; there is no wildcard."""
        if name not in self.sandboxes:
            where = self.file or SCOPE_FILE
            raise PolicyRefusal(
                f"the scope does not allow the sandbox {name!r} (it allows: {', '.join(self.sandboxes) or 'none'})",
                hint=f'if you mean it, add "{name}" to `sandboxes` in {where}',
            )

    def require_model(self, name: str) -> None:
        """Raise PolicyRefusal when the scope does not list this model, or program of others that may be one, by name."""
        if name not in self.models:
            where = self.file or SCOPE_FILE
            raise PolicyRefusal(
                f"the scope of {self.owner} for {self.what} does not let {name!r} see anything",
                hint=f'if the owner allows it, add "{name}" to `models` in {where}',
            )

    def require_disclosed(self, name: str, kinds: Iterable[DataClass]) -> None:
        """Raise PolicyRefusal when the scope does not let this model see all of these classes of data."""
        self.require_model(name)
        if missing := sorted(frozenset(kinds) - self.discloses(name)):
            where = self.file or SCOPE_FILE
            raise PolicyRefusal(
                f"the scope of {self.owner} for {self.what} does not let {name!r} see {', '.join(missing)}",
                hint=f'if the owner allows it, add that to "{name}" below `[disclose]` in {where}',
            )

    def toml(self, relative_to: Path | None = None) -> str:
        """The scope as a TOML document that `parse` reads back; its path relative to a directory, or absolute."""
        if self.path is None:
            what = f"name = {_quoted(self.name)}"
        else:
            shown = os.path.relpath(self.path, relative_to) if relative_to else str(self.path)
            what = f"path = {_quoted(shown)}"
        lines = [
            f"version = {_VERSION}",
            f"owner = {_quoted(self.owner)}",
            f"until = {self.until.isoformat()}  # the last day, UTC",
            f"sandboxes = {_list(self.sandboxes)}",
            f"models = {_list(self.models)}  # language models that may be asked; empty means none",
            *(["seal_exchanges = true"] if self.seal_exchanges else []),
            "",
            *(["[disclose]"] if self.disclose else []),
            *(f"{_quoted(name)} = {_list(tuple(str(kind) for kind in kinds))}" for name, kinds in self.disclose),
            *([""] if self.disclose else []),
            "[what]",
            what,
            *([f"snapshot = {_quoted(self.snapshot)}"] if self.snapshot else []),
            "",
            "[attestation]",
            f"sentence = {_quoted(self.attestation.sentence)}",
            f"attested_by = {_quoted(self.attestation.attested_by)}",
            f"date = {self.attestation.date.isoformat()}",
        ]
        return "\n".join(lines) + "\n"


def current_day() -> date:
    """Today in UTC; scopes begin and end by it everywhere alike."""
    return datetime.now(UTC).date()


def scope_path(target: Path) -> Path:
    """Where the scope of `target` lives: inside a directory, beside an archive."""
    return target / SCOPE_FILE if target.is_dir() else target.with_name(f"{target.name}.scope.toml")


def attestation_sentence(owner: str, target: Path) -> str:
    """What the person attests, short enough to be typed."""
    return f"I am authorised by {owner} to analyse {target.resolve().name}."


def init_command(target: Path | None, force: bool = False) -> str:
    """The command that writes a scope for `target`, ready to be pasted but for the owner's name."""
    until = current_day() + timedelta(days=_SUGGESTED_DAYS)
    place = shlex.quote(str(target)) if target is not None else "PATH"
    return f'mithridate scope init {place} --owner "YOUR ORGANISATION" --until {until} --attest' + (" --force" if force else "")


def require(target: Path, file: Path | None = None, today: date | None = None) -> Scope:
    """The scope under which `target` may be analysed today, from `file` or from its usual place.

    Raises PolicyRefusal when there is none, it has ended or covers something else; UsageError when the target or the given
    file does not exist, or the scope cannot be read or parsed.
    """
    if not target.exists():
        raise UsageError(f"there is no {target} to analyse")
    place = file if file is not None else scope_path(target)
    if not os.path.lexists(place):
        if file is not None:
            raise UsageError(f"there is no scope file {file}", hint=f"write one: {init_command(target)}")
        raise PolicyRefusal(
            f"nothing may be analysed without a scope, and {target} has none ({place.name})", hint=_remedy(target)
        )
    scope = load(place)
    scope.require_target(target)
    scope.require_valid(today)
    return scope


def load(file: Path) -> Scope:
    """Read a scope file. Raises UsageError, with the line, when it cannot be read or is malformed."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe in its place must not stop us
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"the scope {file} is not a file")
            content = stream.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the scope {file} cannot be read: {error.strerror}") from error
    if len(content) > _LARGEST_BYTES:
        raise UsageError(f"the scope {file} is larger than {_LARGEST_BYTES >> 10} KiB")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UsageError(f"{file}, line {line}: the scope is not UTF-8 text") from error
    return parse(text, file)


def parse(text: str, file: Path) -> Scope:
    """Read the text of a scope file; relative paths are relative to its directory. Raises UsageError with the line."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        line = place.group(1) if place else str(text.rstrip("\n").count("\n") + 1)
        reason = re.sub(r"\s*\(at .*\)$", "", str(error))
        raise UsageError(f"{file}, line {line}: {reason[:1].lower()}{reason[1:]}", hint=_EXAMPLE_HINT) from error
    except RecursionError as error:
        raise UsageError(f"{file}: values are nested too deeply", hint=_EXAMPLE_HINT) from error
    return _Reader(text, file).scope(table)


def write(scope: Scope, file: Path, force: bool = False) -> None:
    """Write a scope file; one that is replaced is whole at every moment.

    Raises UsageError when the file exists (unless `force`) or cannot be written.
    """
    try:
        content = scope.toml(file.parent).encode()
    except UnicodeEncodeError as error:
        raise UsageError("a name in the scope is not valid UTF-8", hint="rename the target, or name it with --scope") from error
    place = file.with_name(f".{file.name}.new") if force else file
    try:
        if force:
            place.unlink(missing_ok=True)
        with place.open("xb") as stream:  # fails if it exists, also if somebody was quicker than our look
            stream.write(content)
        if force:
            place.replace(file)
    except FileExistsError as error:
        raise UsageError(
            f"there is already a scope at {file}", hint="look at it with `mithridate scope show`; --force replaces it"
        ) from error
    except OSError as error:
        raise UsageError(f"the scope {file} cannot be written: {error.strerror}") from error


_EXAMPLE_HINT = "`mithridate scope init PATH --force` writes a new one"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the parsed table into a Scope, and every mistake into a sentence with its line."""

    text: str
    file: Path

    def scope(self, table: Mapping[str, Any]) -> Scope:
        self._known(table, "")
        if table.get("version", _VERSION) != _VERSION:
            raise self._error("version", f"is {table['version']!r}; this program reads version {_VERSION}")
        what = self._table(table, "what")
        attestation = self._table(table, "attestation")
        if ("path" in what) == ("name" in what):
            raise self._error("what", "needs either `path` or `name`")
        path = (self.file.absolute().parent / self._string(what, "path")).resolve() if "path" in what else None
        return Scope(
            owner=self._string(table, "owner"),
            path=path,
            name=self._string(what, "name") if "name" in what else "",
            snapshot=self._string(what, "snapshot") if "snapshot" in what else "",
            until=self._date(table, "until"),
            sandboxes=self._strings(table, "sandboxes", DEFAULT_SANDBOXES),
            models=self._strings(table, "models", ()),
            disclose=self._disclosed(table),
            seal_exchanges=self._truth(table, "seal_exchanges"),
            attestation=Attestation(
                sentence=self._string(attestation, "sentence"),
                attested_by=self._string(attestation, "attested_by"),
                date=self._date(attestation, "date"),
            ),
            file=self.file,
        )

    def _known(self, table: Mapping[str, Any], section: str) -> None:
        for key in table:
            if key not in _KEYS[section]:
                raise self._error(key, f"is not a word of a scope (known: {', '.join(_KEYS[section])})")

    def _table(self, table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = table.get(key)
        if not isinstance(value, dict):
            raise self._error(key, "is missing" if value is None else f"must be a table: [{key}]")
        self._known(value, key)
        return value

    def _string(self, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise self._error(key, "is missing" if value is None else "must be text, and not empty")
        return value

    def _strings(self, table: Mapping[str, Any], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = table.get(key, list(default))
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._error(key, "must be a list of texts")
        return tuple(value)

    def _disclosed(self, table: Mapping[str, Any]) -> tuple[tuple[str, tuple[DataClass, ...]], ...]:
        given = table.get("disclose", {})
        if not isinstance(given, dict):
            raise self._error("disclose", "must be a table: [disclose]")
        models = self._strings(table, "models", ())
        found: list[tuple[str, tuple[DataClass, ...]]] = []
        for model in given:
            if model not in models:
                raise self._error(model, "is not among the `models` of this scope")
            kinds = self._strings(given, model, ())
            for kind in kinds:
                if kind not in list(DataClass):
                    raise self._error(model, f"names {kind!r}, which is no class of data (known: {', '.join(DataClass)})")
            found.append((model, tuple(DataClass(kind) for kind in kinds)))
        return tuple(found)

    def _truth(self, table: Mapping[str, Any], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self._error(key, "must be true or false")
        return value

    def _date(self, table: Mapping[str, Any], key: str) -> date:
        value = table.get(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self._error(key, "is missing" if value is None else "must be a date without quotes, such as 2031-12-31")
        return value

    def _error(self, key: str, reason: str) -> UsageError:
        found = re.search(rf'^[ \t]*\[*[ \t]*"?{re.escape(key)}\b', self.text, re.MULTILINE)
        line = self.text.count("\n", 0, found.start()) + 1 if found else max(1, self.text.rstrip("\n").count("\n") + 1)
        return UsageError(f"{self.file}, line {line}: `{key}` {reason}", hint=_EXAMPLE_HINT)


def _remedy(target: Path) -> str:
    above = next((p / SCOPE_FILE for p in target.resolve().parents if (p / SCOPE_FILE).is_file()), None)
    mine = f"if you are authorised, write one: {init_command(target)}"
    return f"{mine}\nor use the one above it: --scope {above}" if above else mine


def _quoted(text: str) -> str:
    # TOML's basic strings escape as JSON's do, and DEL too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(items: tuple[str, ...]) -> str:
    return f"[{', '.join(_quoted(item) for item in items)}]"
