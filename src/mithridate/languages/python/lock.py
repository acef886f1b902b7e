"""Decides which files an environment is made of, and has them all on this machine before the sandbox starts. Executes none."""

import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from mithridate.languages.python.declared import Declared
from mithridate.languages.python.fetch import Fetcher, FetchFailed
from mithridate.languages.python.index import Index, Release
from mithridate.languages.python.interpreter import Interpreter
from mithridate.languages.python.sdist import read_sdist, stand_in
from mithridate.languages.python.settings import IndexSettings
from mithridate.languages.python.uv_resolver import Resolver, Unresolved, Wheel
from mithridate.model.project import Skipped
from mithridate.sandbox.leavings import remove_tree

FILES = "python-files"
LOCKS = "python-locks"
"""Below the cache: fetched files by content, and what was decided by what was asked."""
_VERSION = 2
_RETRY_S = 3600.0
"""How long (seconds) a decision stands that lacks something: the index may have it later."""
_ROUNDS = 12
_DEADLINE_S = 600.0
_NAME = r"([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)"
_CITED = re.compile(
    rf"\b(?:depends? on|you require|versions of|only) {_NAME}|`{_NAME}`"
    rf"|\b{_NAME}(?:\[[^\]]*\])?[=<>!~]=?|\b{_NAME} (?:was not found|has no)"
)
"""Packages in uv's explanations; other words of them are no names to ask an index about."""
_EXAMINED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file below the cache's FILES: `<sha256>/<filename>`. `build` are the requirements of an sdist's build."""

    name: str
    version: str
    filename: str
    sha256: str
    build: tuple[str, ...] = ()

    def path(self, cache: Path) -> Path:
        """Where it is."""
        return cache / FILES / self.sha256 / self.filename


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What an environment is made of: `wheels` and `sdists` to install, `tools` that builds need, `engines` that search in the
    target's interpreter; and what could not be had."""

    wheels: tuple[Fetched, ...]
    sdists: tuple[Fetched, ...]
    tools: tuple[Fetched, ...]
    skipped: tuple[Skipped, ...]
    engines: tuple[Fetched, ...] = ()

    @property
    def digest(self) -> str:
        """Names and contents of all files, as one hash."""
        files = sorted((f.filename, f.sha256) for f in (*self.wheels, *self.sdists, *self.tools, *self.engines))
        return hashlib.sha256(repr(files).encode()).hexdigest()


def find_lock(declared: Declared, interpreter: Interpreter, settings: IndexSettings, cache: Path) -> Lock:
    """The lock for what was declared: the one decided earlier for the same words, else a new one, with all of its files."""
    key = _key(declared, interpreter, settings)
    kept = cache / LOCKS / f"{key}.json"
    found = _read(kept, cache)
    if found is None:
        stand_ins = cache / LOCKS / f"{key}.stand-ins"
        remove_tree(stand_ins)
        stand_ins.mkdir(parents=True)
        try:
            resolver = Resolver(interpreter=interpreter, settings=settings, stand_ins=stand_ins)
            found = _Locker(declared, resolver, cache).lock()
        finally:
            remove_tree(stand_ins)
        partial = kept.with_suffix(".new")
        partial.write_text(json.dumps(asdict(found)), "utf-8")
        partial.replace(kept)
    return found


@dataclass(slots=True)
class _Locker:
    declared: Declared
    resolver: Resolver
    cache: Path
    skipped: list[Skipped] = field(default_factory=list)
    _sdists: dict[str, Fetched] = field(default_factory=dict)
    _examined: set[tuple[str, str]] = field(default_factory=set)
    _index: Index | None = None
    _deadline: float = 0.0

    def lock(self) -> Lock:
        """Resolve, fetch, and do the same for what builds the sdists and the project."""
        self._deadline = time.monotonic() + _DEADLINE_S
        wanted, constraints = list(self.declared.requirements), list(self.declared.constraints)
        chosen = self._resolve(wanted, constraints)
        if isinstance(chosen, Unresolved) and constraints:
            reason = f"the versions that it names cannot all be had; others are taken ({_brief(chosen.why)})"
            self.skipped.append(Skipped(what="the project's lock file", reason=reason))
            constraints = []
            chosen = self._resolve(wanted, constraints)
        if isinstance(chosen, Unresolved):
            chosen = self._largest(wanted, constraints)
        builds = {f.name: f.build for f in self._sdists.values()}
        wheels = [f for w in chosen if w.name not in self._sdists and (f := self._fetch(w, "requirement"))]
        sdists = tuple(self._sdists[w.name] for w in chosen if w.name in self._sdists)
        tools: dict[str, Fetched] = {}
        asked = {tuple(b) for b in (*(builds[s.name] for s in sdists), *((self.declared.build,) if self.declared.build else ()))}
        for build in sorted(asked):
            for wheel in self._tools(build):
                tools.setdefault(wheel.filename, wheel)
        engines = tuple(self._tools(self.declared.engines, "engine")) if self.declared.engines else ()
        return Lock(
            wheels=tuple(wheels),
            sdists=sdists,
            tools=tuple(tools.values()),
            skipped=tuple(dict.fromkeys(self.skipped)),
            engines=engines,
        )

    def _resolve(self, wanted: list[str], constraints: Sequence[str]) -> tuple[Wheel, ...] | Unresolved:
        """Resolve; sdists get their stand-ins and what nobody has is taken out of `wanted`, until nothing changes."""
        for _ in range(_ROUNDS):
            outcome = self.resolver.resolve(wanted, constraints)
            if (
                not isinstance(outcome, Unresolved)
                or time.monotonic() > self._deadline
                or not self._help(outcome.why, wanted, constraints)
            ):
                return outcome
        return outcome

    def _help(self, why: str, wanted: list[str], constraints: Sequence[str]) -> bool:
        """Look at the packages that the explanation names; True when something was done about one of them.

        The words are only hints of where to look: what a package has is asked of the index.
        """
        direct = {canonicalize_name(Requirement(line).name) for line in wanted}
        cited = dict.fromkeys(canonicalize_name(name) for names in _CITED.findall(why) for name in names if name)
        changed = False
        for name in list(cited)[:_EXAMINED]:
            bounds = self._bounds(name, why, wanted, constraints)
            if name in self._sdists or (name, str(bounds)) in self._examined:
                continue
            self._examined.add((name, str(bounds)))
            reason = "neither the owner's index nor the wheelhouse has it"
            releases: tuple[Release, ...] = ()
            try:
                releases = self._the_index().releases(name)
            except FetchFailed as problem:
                reason = str(problem)
            if releases:
                changed = self._adopt(name, releases, bounds) or changed
            elif name in direct:
                self._drop(name, wanted, reason)
                changed = True
        return changed or self._drop_hopeless([name for name in cited if name in direct], wanted)

    def _drop_hopeless(self, names: Sequence[str], wanted: list[str]) -> bool:
        """Take out requirements that cannot be had even alone; True when there were some."""
        before = len(wanted)
        for name in names:
            alone = self.resolver.resolve([w for w in wanted if canonicalize_name(Requirement(w).name) == name])
            if isinstance(alone, Unresolved):
                self._drop(name, wanted, f"does not fit: {_brief(alone.why)}")
        return len(wanted) < before

    def _adopt(self, name: str, releases: Sequence[Release], bounds: SpecifierSet) -> bool:
        """Take the newest sdist when the package has no wheel for this machine in the versions that are asked for."""
        version = self.resolver.interpreter.version
        fits = [
            r for r in releases if bounds.contains(r.version, prereleases=True) and r.python.contains(version, prereleases=True)
        ]
        usable = self.resolver.resolve([f"{name}{bounds}"])
        if not isinstance(usable, Unresolved) or not fits:
            return False
        sdists = [r for r in fits if not r.tags]
        if not sdists:
            return False
        best = max(sdists, key=lambda r: (not r.version.is_prerelease, r.version, r.filename.endswith(".tar.gz")))
        try:
            path, digest = self._the_index().fetcher.file(best.address, best.filename, best.sha256, self.cache / FILES)
        except FetchFailed as problem:
            self.skipped.append(Skipped(what=f"requirement {name}", reason=str(problem)))
            return False
        metadata = read_sdist(path)
        stand_in(self.resolver.stand_ins, name, str(best.version), metadata.requirements)
        self._sdists[name] = Fetched(
            name=name, version=str(best.version), filename=best.filename, sha256=digest, build=metadata.build
        )
        return True

    def _bounds(self, name: str, why: str, wanted: Sequence[str], constraints: Sequence[str]) -> SpecifierSet:
        """The versions that are asked for: by the project, and by the packages that the explanation cites."""
        bounds = SpecifierSet()
        for line in (*wanted, *constraints):
            requirement = Requirement(line)
            if canonicalize_name(requirement.name) == name:
                bounds &= requirement.specifier
        for cited in re.findall(
            rf"(?i)depends? on {name.replace('-', '[-_.]+')}(?:\[[^\]]*\])?((?:[=<>!~]=?=?[\w.*+!]+,?)+)", why
        ):
            try:
                bounds &= SpecifierSet(cited.rstrip(","))
            except InvalidSpecifier:
                continue
        return bounds

    def _drop(self, name: str, wanted: list[str], reason: str) -> None:
        for line in [w for w in wanted if canonicalize_name(Requirement(w).name) == name]:
            wanted.remove(line)
            self.skipped.append(Skipped(what=f"requirement {line}", reason=reason))

    def _largest(self, wanted: Sequence[str], constraints: Sequence[str]) -> tuple[Wheel, ...]:
        """Leave out few requirements, later ones first: halves are added to what fits, down to the single ones that do not."""
        kept: list[str] = []
        chosen: tuple[Wheel, ...] = ()
        pending = [list(wanted)]
        while pending:
            part = pending.pop()
            outcome: tuple[Wheel, ...] | Unresolved = Unresolved("there was no time left to look for it")
            if time.monotonic() < self._deadline:
                attempt = [*kept, *part]
                outcome = self._resolve(attempt, constraints)
                part = attempt[len(kept) :] if attempt[: len(kept)] == kept else part
            if not isinstance(outcome, Unresolved):
                kept, chosen = [*kept, *part], outcome
            elif len(part) > 1:
                middle = len(part) // 2
                pending += [part[middle:], part[:middle]]
            elif part:
                self.skipped.append(Skipped(what=f"requirement {part[0]}", reason=f"does not fit: {_brief(outcome.why)}"))
        return chosen

    def _tools(self, build: tuple[str, ...], what: str = "build requirement") -> list[Fetched]:
        """The wheels that one build needs, or engines; a build that lacks some is tried all the same."""
        lines = [line for line in build if _is_requirement(line)]
        chosen = self.resolver.resolve(lines)
        if isinstance(chosen, Unresolved):
            why = chosen.why
            several = [self.resolver.resolve([line]) for line in lines]
            chosen = tuple(w for one in several if not isinstance(one, Unresolved) for w in one)
            self.skipped.append(Skipped(what=f"{what} {', '.join(build)}"[:200], reason=_brief(why)))
        found = (self._fetch(wheel, what) for wheel in chosen if wheel.name not in self._sdists)
        return [f for f in found if f]

    def _fetch(self, wheel: Wheel, what: str) -> Fetched | None:
        try:
            _, digest = self._the_index().fetcher.file(wheel.address, wheel.filename, wheel.sha256, self.cache / FILES)
        except FetchFailed as problem:
            self.skipped.append(Skipped(what=f"{what} {wheel.name}=={wheel.version}", reason=str(problem)))
            return None
        return Fetched(name=wheel.name, version=wheel.version, filename=wheel.filename, sha256=digest)

    def _the_index(self) -> Index:
        if self._index is None:
            indexes, places = self.resolver.places()
            own = [p for p in places if Path(p) != self.resolver.stand_ins]
            local = bool(own) or any(i.startswith("file:") for i in indexes)
            self._index = Index(Fetcher(self.resolver.settings.environment, files_allowed=local), indexes, own)
        return self._index


def _key(declared: Declared, interpreter: Interpreter, settings: IndexSettings) -> str:
    house = sorted(p.name for p in settings.wheelhouse.iterdir()) if settings.wheelhouse and settings.wheelhouse.is_dir() else []
    asked = (
        declared.requirements,
        declared.constraints,
        declared.build,
        declared.engines,
        interpreter.identity,
        settings.arguments,
        house,
    )
    bounds = [path.read_bytes() for path in settings.constraints]
    return hashlib.sha256(repr((_VERSION, asked, bounds)).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _read(path: Path, cache: Path) -> Lock | None:
    """An earlier decision; None when there is none, a file of it is gone, or it lacked something too long ago."""
    try:
        content = json.loads(path.read_text("utf-8"))
        groups = {
            name: tuple(Fetched(**{**f, "build": tuple(f["build"])}) for f in content[name])
            for name in ("wheels", "sdists", "tools", "engines")
        }
        lock = Lock(**groups, skipped=tuple(Skipped(**s) for s in content["skipped"]))
        age = time.time() - path.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError):
        return None
    complete = all(f.path(cache).is_file() for f in (*lock.wheels, *lock.sdists, *lock.tools, *lock.engines))
    return lock if complete and (not lock.skipped or age < _RETRY_S) else None


def _brief(why: str) -> str:
    """The heart of uv's explanation, on one line."""
    causes = re.findall(r"(?m)^\s*(?:cause:|╰─▶|×)\s*(.*)$", why) or [why]
    words = " ".join(" ".join(causes[-1].split()).split())
    return words[:300]


def _is_requirement(line: str) -> bool:
    try:
        return Requirement(line).url is None
    except ValueError:
        return False
