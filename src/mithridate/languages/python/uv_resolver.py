"""Calls uv to choose versions. Nothing is ever built by it: with --no-build it refuses everything that is not a wheel."""

import re
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from mithridate.languages.python.interpreter import Interpreter
from mithridate.languages.python.observer import INTERPRETER
from mithridate.languages.python.settings import IndexSettings
from mithridate.languages.python.text import table

_TIMEOUT_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel that was chosen, and where it is."""

    name: str
    version: str
    filename: str
    address: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Unresolved:
    """No choice of versions fits; `why` is uv's explanation."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """uv with the owner's settings, for one interpreter. `stand_ins` is a directory with wheels that stand for sdists."""

    interpreter: Interpreter
    settings: IndexSettings
    stand_ins: Path

    def resolve(self, requirements: Sequence[str], constraints: Sequence[str] = ()) -> tuple[Wheel, ...] | Unresolved:
        """The newest versions that fit together, their requirements included."""
        if not requirements:
            return ()
        with tempfile.TemporaryDirectory(prefix="mithridate-resolve-") as folder:
            asked, bounds = Path(folder, "wanted.in"), Path(folder, "bounds.txt")
            asked.write_text("".join(f"{r}\n" for r in requirements), "utf-8")
            bounds.write_text("".join(f"{c}\n" for c in constraints), "utf-8")
            limits = [word for path in (bounds, *self.settings.constraints) for word in ("--constraint", str(path))]
            more = ("--format", "pylock.toml", "--no-build", "--find-links", str(self.stand_ins), *limits, str(asked))
            done = self._compile(more, folder)
        if done.returncode != 0:
            return Unresolved(_without_colour(done.stderr).strip()[-8000:])
        return tuple(_wheels(done.stdout))

    def places(self) -> tuple[list[str], list[str]]:
        """The addresses of the indexes, and the directories and pages of links, that uv asks with these settings."""
        with tempfile.TemporaryDirectory(prefix="mithridate-resolve-") as folder:
            nothing = Path(folder, "nothing.in")
            nothing.touch()
            said = self._compile(("--emit-index-url", "--emit-find-links", "--no-build", str(nothing)), folder).stdout
        found = re.findall(r"(?m)^--(index-url|extra-index-url|find-links)\s+(\S+)$", said)
        return [a for kind, a in found if kind != "find-links"], [a for kind, a in found if kind == "find-links"]

    def _compile(self, more: Sequence[str], folder: str) -> "subprocess.CompletedProcess[str]":
        arguments = (*self.settings.arguments, "--python", INTERPRETER, "--no-python-downloads", "--quiet", "--no-header", *more)
        environment = {**self.settings.environment, "UV_NO_BUILD": "1", "NO_COLOR": "1"}
        try:
            # In a folder of ours: no pyproject.toml or uv.toml of the project may say where to look.
            return subprocess.run(
                [str(self.interpreter.uv), "pip", "compile", *arguments],
                capture_output=True, text=True, cwd=folder, env=environment, timeout=_TIMEOUT_S, check=False, errors="replace",
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess([], 1, "", f"uv took longer than {_TIMEOUT_S:.0f} s")


def _wheels(lock: str) -> list[Wheel]:
    """The packages of a pylock.toml (PEP 751), each with the first wheel that it lists for this machine."""
    found: list[Wheel] = []
    packages = tomllib.loads(lock).get("packages", [])
    for package in packages:
        for wheel in package.get("wheels", [])[:1]:
            address = wheel.get("url") or Path(wheel.get("path", "")).absolute().as_uri()
            filename = wheel.get("name") or address.rpartition("/")[2].partition("#")[0].replace("%2B", "+").replace("%21", "!")
            name, version, _, _ = parse_wheel_filename(filename)
            digest = str(table(wheel, "hashes").get("sha256", ""))
            found.append(
                Wheel(name=canonicalize_name(name), version=str(version), filename=filename, address=address, sha256=digest)
            )
    return found


def _without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
