"""`mithridate.toml`, in the root of a project: what its owner knows better than detection does.

    detect = true                     # false: only the components below are built
    wheelhouse = "wheels"             # Python: a directory with wheels and sdists that replaces every index

    [[component]]
    path = "lib"                      # required; relative to this file, "." is the root
    system = "cmake"                  # cmake, meson, autotools, make, bare, custom or python; default: as detected, else custom
    configure = "cmake -S . -B /build"  # shell command instead of the system's configure step
    build = "make -j$JOBS"            # shell command instead of the system's build step
    options = ["-DWITH_X=OFF"]        # more arguments for the configure step
    env = { CFLAGS = "-DSMALL" }      # more environment for both steps
    harnesses = ["fuzz/*.cc"]         # files that define LLVMFuzzerTestOneInput
    seeds = ["tests/data/*.png"]      # sample inputs
    skip = false                      # true: this path and what lies below it is left alone

    [component.arguments]             # how programs are called; @@ is the input file, @out a file that may be written
    pngfix = ["--strip=all @@"]

Globs and commands are relative to the component's path. Any other key is an error: a misspelt one must not be ignored.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mithridate.model.errors import UsageError
from mithridate.model.project import BuildSystem

FILE_NAME = "mithridate.toml"
MAXIMUM_BYTES = 1 << 20
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One [[component]] table; None or empty where the owner said nothing."""

    path: str
    system: BuildSystem | None = None
    configure: str = ""
    build: str = ""
    options: tuple[str, ...] = ()
    env: Mapping[str, str]
    harnesses: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    arguments: Mapping[str, tuple[str, ...]]
    skip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The whole file."""

    detect: bool = True
    wheelhouse: str = ""
    overrides: tuple[Override, ...] = ()


def read_configuration(tree: Path) -> Configuration:
    """The configuration in the root of `tree`, or the empty one when there is no such file.

    Raises UsageError naming the key and, where it can be told, the line.
    """
    file = tree / FILE_NAME
    if not file.is_file():
        return Configuration()
    if file.stat().st_size > MAXIMUM_BYTES:
        raise UsageError(f"{FILE_NAME} is larger than {MAXIMUM_BYTES >> 20} MiB.", "It should hold a few lines.")
    try:
        text = file.read_text("utf-8")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise UsageError(f"{FILE_NAME} is not valid TOML: {problem}.", "See docs/mithridate-toml.md.") from problem
    reader = _Reader(text)
    reader.only(content, {"detect", "component", "wheelhouse"}, "")
    none: list[dict[str, object]] = []
    tables = reader.get(content, "component", _tables, "", "an array of tables, written [[component]]", none)
    overrides = tuple(reader.override(table, number) for number, table in enumerate(tables))
    paths = [o.path for o in overrides]
    for path in paths:
        if paths.count(path) > 1:
            raise reader.error("path", f'"{path}" is given twice', "")
    return Configuration(
        detect=reader.get(content, "detect", _flag, "", "true or false", True),
        wheelhouse=reader.get(content, "wheelhouse", _path, "", "a path inside the project", ""),
        overrides=overrides,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes values out of the parsed tables and complains with key and line."""

    text: str

    def override(self, table: dict[str, object], number: int) -> Override:
        """One [[component]] table, the `number`th of the file from 0."""
        where = f"component {number + 1}"
        known = {"path", "system", "configure", "build", "options", "env", "harnesses", "seeds", "arguments", "skip"}
        self.only(table, known, where)
        if "path" not in table:
            raise UsageError(f'{FILE_NAME}: {where} has no "path".', 'Write path = "." for the root of the project.')
        system = self.get(table, "system", _system, where, f"one of {', '.join(BuildSystem)}", None)
        return Override(
            path=self.get(table, "path", _path, where, "a path inside the project", "."),
            system=system,
            configure=self.get(table, "configure", _text, where, "a string", ""),
            build=self.get(table, "build", _text, where, "a string", ""),
            options=self.get(table, "options", _texts, where, "an array of strings", ()),
            env=self.get(table, "env", _environment, where, "a table of strings", {}),
            harnesses=self.get(table, "harnesses", _texts, where, "an array of strings", ()),
            seeds=self.get(table, "seeds", _texts, where, "an array of strings", ()),
            arguments=self.get(table, "arguments", _argument_forms, where, "a table of arrays of strings", {}),
            skip=self.get(table, "skip", _flag, where, "true or false", False),
        )

    def get(
        self,
        table: dict[str, object],
        key: str,
        convert: Callable[[object], _Value | None],
        where: str,
        wanted: str,
        default: _Value,
    ) -> _Value:
        """The converted value of `key`, or `default` when it is absent."""
        if key not in table:
            return default
        value = convert(table[key])
        if value is None:
            raise self.error(key, f"must be {wanted}", where)
        return value

    def only(self, table: dict[str, object], known: set[str], where: str) -> None:
        """Refuse keys that are not `known`."""
        for key in table:
            if key not in known:
                raise self.error(key, f"is not a known key (known: {', '.join(sorted(known))})", where)

    def error(self, key: str, problem: str, where: str) -> UsageError:
        """The error for `key`, with its line when only one line of the file sets it."""
        setting = re.compile(rf'^\s*(\[+\s*(component\.)?)?"?{re.escape(key)}"?\s*(=|\]|\.)')
        lines = [number for number, line in enumerate(self.text.splitlines(), 1) if setting.match(line)]
        place = f", line {lines[0]}" if len(lines) == 1 else f", {where}" if where else ""
        return UsageError(f'{FILE_NAME}{place}: "{key}" {problem}.', "See docs/mithridate-toml.md.")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and "\0" not in value else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    texts = tuple(_text(item) for item in value)
    return tuple(t for t in texts if t is not None) if None not in texts else None


def _system(value: object) -> BuildSystem | None:
    return BuildSystem(value) if isinstance(value, str) and value in set(BuildSystem) else None


def _path(value: object) -> str | None:
    """A normalised relative path that stays inside the project."""
    text = _text(value)
    if not text or text.startswith("/") or ".." in text.split("/"):
        return None
    return "/".join(part for part in text.split("/") if part not in ("", ".")) or "."


def _environment(value: object) -> Mapping[str, str] | None:
    if not isinstance(value, dict):
        return None
    pairs = {k: v for k, v in value.items() if isinstance(v, str) and re.fullmatch(r"[A-Za-z_]\w*", k)}
    return pairs if len(pairs) == len(value) else None


def _argument_forms(value: object) -> Mapping[str, tuple[str, ...]] | None:
    if not isinstance(value, dict):
        return None
    forms = {program: _texts(given) for program, given in value.items()}
    return {p: f for p, f in forms.items() if f is not None} if None not in forms.values() else None


def _tables(value: object) -> list[dict[str, object]] | None:
    return value if isinstance(value, list) and all(isinstance(item, dict) for item in value) else None
