"""Which index or wheelhouse the owner's tools are configured for. The project that is analysed has no say in it."""

import configparser
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

WHEELHOUSE = "MITHRIDATE_WHEELHOUSE"
"""Environment variable: a directory with wheels and sdists that replaces every index."""

_UV = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONFIG_FILE")
_SECTIONS = ("global", "download", "install")
_OF_ANOTHER_PROJECT = (
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "UV_PROJECT",
    "UV_WORKING_DIRECTORY",
    "UV_PROJECT_ENVIRONMENT",
    "PYTHONPATH",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """How uv is to be called: `arguments` for the command, `environment` for the process, `constraints` that the owner set."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    constraints: tuple[Path, ...] = ()
    wheelhouse: Path | None = None


def owner_settings(environment: Mapping[str, str], wheelhouse: Path | None = None) -> IndexSettings:
    """The settings in force: a wheelhouse if there is one, else uv's own configuration when the environment has some, else pip's.

    `wheelhouse` is one that lies in the project; the environment's goes before it. pip merges all of its indexes, so they are
    merged here too.
    """
    kept = {name: value for name, value in environment.items() if name not in _OF_ANOTHER_PROJECT}
    chosen = Path(environment[WHEELHOUSE]) if environment.get(WHEELHOUSE) else wheelhouse
    if chosen is not None:
        offline = {name: value for name, value in kept.items() if name not in _UV}
        arguments = ("--no-index", "--find-links", str(chosen.absolute()), "--offline")
        return IndexSettings(arguments=arguments, environment=offline, wheelhouse=chosen.absolute())
    pip = pip_settings(environment)
    if certificate := pip.get("cert"):
        kept.setdefault("SSL_CERT_FILE", os.path.expanduser(certificate))  # noqa: PTH111
    if proxy := pip.get("proxy"):
        kept.setdefault("ALL_PROXY", proxy)
    constraints = tuple(Path(p).expanduser() for p in _words(pip.get("constraint", "")) if Path(p).expanduser().is_file())
    if any(environment.get(name) for name in _UV):
        return IndexSettings(arguments=(), environment=kept)
    return IndexSettings(arguments=tuple(_arguments(pip)), environment=kept, constraints=constraints)


def pip_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """pip's effective options, by long name: its files from the least to the most specific, then PIP_* (pip's documentation,
    "Configuration")."""
    found: dict[str, str] = {}
    for file in _pip_files(environment):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(file.read_text("utf-8"))
        except (OSError, ValueError, configparser.Error):
            continue
        for section in filter(parser.has_section, _SECTIONS):
            found |= {name.replace("_", "-"): value for name, value in parser.items(section)}
    for name, value in environment.items():
        if name.startswith("PIP_") and value:
            found[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    return found


def _pip_files(environment: Mapping[str, str]) -> list[Path]:
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = Path(environment.get("HOME") or "~").expanduser()
    system = [Path(d) for d in reversed((environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")) if d]
    user = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    files = [*(d / "pip/pip.conf" for d in system), Path("/etc/pip.conf"), home / ".pip/pip.conf", user / "pip/pip.conf"]
    return [*files, Path(sys.prefix, "pip.conf"), *([Path(named)] if named else [])]


def _arguments(pip: Mapping[str, str]) -> list[str]:
    indexes = [] if _is_true(pip.get("no-index", "")) else _words(pip.get("extra-index-url", ""))
    arguments = ["--no-index"] if _is_true(pip.get("no-index", "")) else []
    if pip.get("index-url") and not arguments:
        arguments += ["--default-index", pip["index-url"].strip()]
    for index in indexes:
        arguments += ["--index", index]
    for place in _words(pip.get("find-links", "")):
        arguments += ["--find-links", place]
    for host in _words(pip.get("trusted-host", "")):
        arguments += ["--allow-insecure-host", host]
    return [*arguments, "--index-strategy", "unsafe-best-match"] if indexes else arguments


def _words(value: str) -> list[str]:
    try:
        return shlex.split(value, comments=True)
    except ValueError:
        return value.split()


def _is_true(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on", "y", "t")
