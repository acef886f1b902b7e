"""Requirement files as data: what they ask for, and which of their lines are not for us. Only files of the project are read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from mithridate.languages.python.text import Unreadable, text
from mithridate.model.project import Skipped

MAXIMUM = 500
"""Requirements of one component; no project names as many by hand."""
NOT_FOR_RUNNING = re.compile(
    r"(?i)(^|[-_.\s])(dev|devel|development|tests?|testing|docs?|lint|style|ci|build|typing|mypy|bench\w*|format)([-_.\s]|$)"
)
"""Names of files and extras that say what development needs."""
_LONGEST_LINE = 4096
_DEEPEST = 16
_INDEX_OPTIONS = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host")
_LOCAL = re.compile(r"^(\.{0,2}/|\.$|\.\[|~|[A-Za-z]:\\)|^[^@\s]+\.(whl|zip|tar\.gz|tgz)(\s|$)")
_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://|^(git|hg|svn|bzr)\+")


@dataclass(slots=True)
class Requirements:
    """What was asked for, as requirement and constraint strings in their normal form; and what was passed over."""

    wanted: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, line: str, where: str, *, constraint: bool = False) -> None:
        """Take one requirement (PEP 508), or say why not."""
        try:
            requirement = Requirement(line)
        except (InvalidRequirement, RecursionError) as problem:
            reason = f"not a requirement that PEP 508 knows: {str(problem).splitlines()[0] if str(problem) else ''}"[:300]
            self.skip(f"{where}: {line}", reason)
            return
        if requirement.url:
            self.skip(f"{where}: {line}", "it names an address; only the owner's index and wheelhouse are asked")
            return
        into = self.constraints if constraint else self.wanted
        if len(into) >= MAXIMUM:
            if len(into) == MAXIMUM and not any(s.reason.startswith("more than") for s in self.skipped):
                self.skip(where, f"more than {MAXIMUM} requirements; the others are left out")
            return
        if str(requirement) not in into:
            into.append(str(requirement))

    def skip(self, what: str, reason: str) -> None:
        """Note what was passed over."""
        what = what if len(what) <= 200 else f"{what[:200]}…"
        self.skipped.append(Skipped(what="".join(c if c.isprintable() else "?" for c in what), reason=reason))


def requirement_files(directory: Path) -> tuple[Path, ...]:
    """The requirement files for running the code in `directory`: in it, and in its folder `requirements`."""
    found = [*_listed(directory, "*requirements*.txt"), *_listed(directory / "requirements", "*.txt")]
    if not found:
        found = [*_listed(directory, "requirements*.in"), *_listed(directory / "requirements", "*.in")]
    return tuple(path for path in found if not NOT_FOR_RUNNING.search(path.stem))


def read_requirement_file(path: Path, root: Path, into: Requirements) -> None:
    """Add the requirements in `path`, and in the files that it names below `root`, each file once."""
    _read(path, root, into, set(), 0, constraint=False)


def _read(path: Path, root: Path, into: Requirements, seen: set[Path], depth: int, *, constraint: bool) -> None:
    shown = str(path.relative_to(root))
    if path in seen:
        return
    seen.add(path)
    try:
        content = text(path)
    except Unreadable as problem:
        into.skip(shown, str(problem))
        return
    for line in _lines(content):
        if len(line) > _LONGEST_LINE:
            into.skip(f"{shown}: {line}", "a line longer than any requirement")
            continue
        option, given = _option(line)
        if option in ("-r", "--requirement", "-c", "--constraint"):
            other = _inside(path.parent / given, root)
            if other is None or depth >= _DEEPEST:
                into.skip(f"{shown}: {line}", "it names a file that is not in the project")
            else:
                _read(other, root, into, seen, depth + 1, constraint=constraint or option in ("-c", "--constraint"))
        elif _ADDRESS.match(given if option in ("-e", "--editable") else line):
            into.skip(f"{shown}: {line}", "it names an address; only the owner's index and wheelhouse are asked")
        elif option in ("-e", "--editable") or _LOCAL.search(line):
            if _inside(path.parent / re.sub(r"\[.*", "", given or line), root, folder=True) is None:
                into.skip(f"{shown}: {line}", "it names a path that is not in the project")
        elif option in _INDEX_OPTIONS:
            into.skip(
                f"{shown}: {line}", "the project names an index of its own; only the owner's index and wheelhouse are asked"
            )
        elif option:
            continue  # --pre, --no-binary, --prefer-binary, --require-hashes: how to install, which we decide
        else:
            into.add(
                re.split(r"\s--(?:hash|config-settings|global-option|install-option)\b", line)[0].strip(),
                shown,
                constraint=constraint,
            )


def _lines(content: str) -> Iterator[str]:
    joined = re.sub(r"\\\r?\n", " ", content)
    for raw in joined.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        if line:
            yield line


def _option(line: str) -> tuple[str, str]:
    if not line.startswith("-"):
        return "", ""
    short = re.match(r"(-[A-Za-z])\s*(.*)", line)
    long = re.match(r"(--[A-Za-z][\w-]*)[\s=]*(.*)", line)
    name, given = short.groups() if short else long.groups() if long else ("-", "")
    return name, given.strip().strip("\"'")


def _inside(path: Path, root: Path, *, folder: bool = False) -> Path | None:
    """The resolved path when it lies in the project; links may lead out of it."""
    try:
        real, top = path.resolve(), root.resolve()
        wanted = real.is_dir() if folder else real.is_file()
    except (OSError, ValueError, RuntimeError):
        return None
    return root / real.relative_to(top) if wanted and real.is_relative_to(top) else None


def _listed(directory: Path, pattern: str) -> list[Path]:
    if directory.is_symlink() or not directory.is_dir():
        return []
    return sorted(p for p in directory.glob(pattern) if p.is_file() and not p.is_symlink())
