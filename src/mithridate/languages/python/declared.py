"""What a Python project says that it needs, read from its files without running any of them."""

import ast
import email
import email.policy
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from mithridate.languages.python.detect import is_setup_call
from mithridate.languages.python.engines import imported_by_targets
from mithridate.languages.python.extras import asked_extras, chosen
from mithridate.languages.python.native import uses_cython
from mithridate.languages.python.poetry import poetry_requirement, poetry_specifier
from mithridate.languages.python.requirement_files import Requirements, read_requirement_file, requirement_files
from mithridate.languages.python.text import Unreadable, ini, json_document, syntax, table, text, texts, toml
from mithridate.model.project import Skipped

LEGACY_BUILD = ("setuptools>=40.8.0", "wheel")
"""What PEP 517 says builds a project that names no build system."""
CYTHON = "Cython<3"
"""What projects mean that use Cython and name no build system: those that do are older than Cython 3."""
_LOCK_BYTES = 16 << 20
_DISTRIBUTIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A project's words. Requirements and constraints are PEP 508 strings; `constraints` are what its lock file says.

    `build` are the requirements of its build, None when it has none to run. `packaged`: others install it, or it is installed.
    `python` are the versions that it takes. `engines` are packages that search its fuzz targets.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    build: tuple[str, ...] | None
    packaged: bool
    python: SpecifierSet
    version: str
    skipped: tuple[Skipped, ...]
    engines: tuple[str, ...] = ()


def declared(root: Path, path: str, more: tuple[str, ...] = ()) -> Declared:
    """What the component at `path` below `root` declares; `more` are requirements, or extras (`.[web]`), that the owner adds.

    Extras that bring a web framework or server belong to it: the project's application runs with them.
    Files that cannot be understood are skipped with the reason.
    """
    reader = _Reader(root, root / path)
    for line in (line for line in more if not asked_extras(line)):
        reader.found.add(line, "mithridate.toml")
    for read in (reader.pyproject, reader.setup_cfg, reader.setup_py, reader.files, reader.pipfile, reader.scripts):
        read()
    reader.installed()
    reader.extras([extra for line in more for extra in asked_extras(line)])
    reader.locks()
    if reader.build is LEGACY_BUILD and uses_cython(root / path):
        reader.build = (*LEGACY_BUILD, CYTHON)
    harness = imported_by_targets(root / path)
    for line in harness.requirements:
        if canonicalize_name(line) not in {_name(wanted) for wanted in reader.found.wanted}:
            reader.found.add(line, "property tests")
    locked = {_name(c) for c in reader.found.constraints}
    constraints = [*reader.found.constraints, *(pin for name, pin in reader.pins.items() if name not in locked)]
    return Declared(
        requirements=tuple(reader.found.wanted),
        constraints=tuple(constraints),
        build=reader.build,
        packaged=reader.build is not None or reader.is_installed,
        python=reader.python,
        version=reader.version,
        skipped=tuple(reader.found.skipped),
        engines=harness.engines,
    )


def _name(requirement: str) -> str:
    return canonicalize_name(re.split(r"[^\w.-]", requirement)[0])


class _Reader:
    def __init__(self, root: Path, directory: Path) -> None:
        self.root = root
        self.directory = directory
        self.found = Requirements()
        self.pins: dict[str, str] = {}
        self.build: tuple[str, ...] | None = None
        self.is_installed = False
        self.python = SpecifierSet()
        self.version = ""
        self.name = ""
        self.optional: dict[str, list[str]] = {}

    def pyproject(self) -> None:
        """PEP 621, PEP 518, Poetry and Flit."""
        document = self._read(toml, "pyproject.toml")
        project = table(document, "project")
        for line in texts(project.get("dependencies")):
            self.found.add(line, "pyproject.toml")
        self._may_want(table(project, "optional-dependencies"))
        self._takes(project.get("requires-python"), "pyproject.toml")
        self._is_version(project.get("version"))
        poetry = table(document, "tool", "poetry")
        for name, wanted in table(poetry, "dependencies").items():
            if name.lower() == "python":
                self._takes(poetry_specifier(wanted) if isinstance(wanted, str) else None, "pyproject.toml")
            else:
                self._poetry(name, wanted)
        self._may_want(_poetry_extras(poetry))
        self._is_version(poetry.get("version"))
        flit = table(document, "tool", "flit", "metadata")
        for line in texts(flit.get("requires")):
            self.found.add(line, "pyproject.toml")
        self._takes(flit.get("requires-python"), "pyproject.toml")
        build = table(document, "build-system")
        called = project.get("name") or poetry.get("name")
        self.name = called if isinstance(called, str) else ""
        if isinstance(called, str) and not _NAME.fullmatch(called):
            return  # no index takes such a name, and no front end builds it: an application that runs from its sources
        if build:
            self.build = (
                texts(build.get("requires")) if build.get("build-backend") else texts(build.get("requires")) or LEGACY_BUILD
            )
        elif project.get("name"):
            self.build = LEGACY_BUILD

    def setup_cfg(self) -> None:
        """What setuptools reads from its INI file."""
        sections = self._read(ini, "setup.cfg")
        options = table(sections, "options")
        for line in str(options.get("install_requires", "")).splitlines():
            if line.strip() and not line.strip().startswith(("#", "file:")):
                self.found.add(line.strip(), "setup.cfg")
        self._may_want({k: str(v).splitlines() for k, v in table(sections, "options.extras_require").items()})
        self._takes(options.get("python_requires"), "setup.cfg")
        self._is_version(table(sections, "metadata").get("version"))
        if self.build is None and (options or table(sections, "metadata").get("name")):
            self.build = LEGACY_BUILD

    def setup_py(self) -> None:
        """The arguments of setup() that are written out as literals, or are names of such."""
        tree = self._read(syntax, "setup.py")
        if not isinstance(tree, ast.Module) or not tree.body:
            return
        values = _assignments(tree)
        for call in (node for node in ast.walk(tree) if is_setup_call(node)):
            assert isinstance(call, ast.Call)
            self.build = self.build if self.build is not None else LEGACY_BUILD
            given = {k.arg: _literal(k.value, values) for k in call.keywords if k.arg}
            wanted = given.get("install_requires")
            for line in wanted.splitlines() if isinstance(wanted, str) else texts(wanted):
                if line.strip():
                    self.found.add(line.strip(), "setup.py")
            self._may_want(table(given, "extras_require"))
            for line in texts(given.get("setup_requires")):
                self.build = (*self.build, line)
            self._takes(given.get("python_requires"), "setup.py")
            self._is_version(given.get("version"))
        if self.build is not None:
            self._named_files(tree)

    def _named_files(self, tree: ast.Module) -> None:
        """Requirement files in folders below that setup.py names: it may read the requirements of an extra from each."""
        for node in ast.walk(tree):
            name = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if name not in self.optional and _NAMED_FILE.fullmatch(name) and ".." not in name.split("/"):
                named = Requirements()
                read_requirement_file(self.directory / name, self.root, named)
                self.optional[name] = named.wanted

    def files(self) -> None:
        """Requirement files."""
        for path in requirement_files(self.directory):
            read_requirement_file(path, self.root, self.found)

    def pipfile(self) -> None:
        """Pipenv's file; its indexes are not ours."""
        document = self._read(toml, "Pipfile")
        for name, wanted in table(document, "packages").items():
            self._poetry(name, wanted, "Pipfile")

    def scripts(self) -> None:
        """PEP 723: what a script says in a comment that it needs."""
        for path in sorted(p for p in self.directory.glob("*.py") if not p.is_symlink() and p.is_file())[:100]:
            try:
                block = _SCRIPT.search(text(path))
                content = re.sub(r"(?m)^# ?", "", block["content"]) if block else ""
                document = tomllib.loads(content)
            except (Unreadable, ValueError, RecursionError):
                continue
            for line in texts(document.get("dependencies")):
                self.found.add(line, path.name)

    def installed(self) -> None:
        """The metadata of what was installed: a wheel unpacked, or a folder that packages were installed into."""
        for path in sorted(self.directory.glob("*.dist-info/METADATA"))[:_DISTRIBUTIONS]:
            if path.is_symlink() or path.parent.is_symlink():
                continue
            try:
                message = email.message_from_string(text(path), policy=email.policy.compat32)
            except Unreadable as problem:
                self.found.skip(str(path.relative_to(self.root)), str(problem))
                continue
            self.is_installed = True
            for line in message.get_all("Requires-Dist", []):
                plain = " ".join(str(line).split())
                if not _OF_AN_EXTRA.search(plain):
                    self.found.add(plain, str(path.relative_to(self.root)))
                self._may_want({extra: [plain.partition(";")[0]] for extra in _EXTRA.findall(plain) if _holds(plain, extra)})
            self._takes(message.get("Requires-Python"), path.parent.name)
            self._is_version(message.get("Version"))

    def extras(self, asked: list[str]) -> None:
        """Optional requirements that belong to running the project, or that the owner asks for."""
        for line in chosen(self.optional, asked, self.name):
            self.found.add(line, "an extra")

    def locks(self) -> None:
        """Versions that a lock file names: what the project was last run with."""
        for name in ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"):
            document = self._read(lambda path: toml(path, _LOCK_BYTES), name)
            packages = document.get("package", document.get("packages")) if isinstance(document, Mapping) else None
            for package in packages if isinstance(packages, list) else ():
                if isinstance(package, Mapping):
                    self._pin(package.get("name"), package.get("version"))
        document = self._read(lambda path: json_document(path, _LOCK_BYTES), "Pipfile.lock")
        for name, locked in table(document, "default").items():
            self._pin(name, str(table(locked).get("version", "")).removeprefix("=="))

    def _pin(self, name: object, version: object) -> None:
        if isinstance(name, str) and isinstance(version, str) and _NAME.fullmatch(name) and _VERSION.fullmatch(version):
            self.pins.setdefault(canonicalize_name(name), f"{name}=={version}")

    def _poetry(self, name: str, wanted: object, where: str = "pyproject.toml") -> None:
        for one in wanted if isinstance(wanted, list) else (wanted,):
            if isinstance(one, Mapping) and one.get("optional") is True:
                continue
            line = poetry_requirement(name, one)
            if line is None:
                self.found.skip(
                    f"{where}: {name}", "it names an address or a path; only the owner's index and wheelhouse are asked"
                )
            else:
                self.found.add(line, where)

    def _may_want(self, optional: Mapping[str, object]) -> None:
        for extra, lines in optional.items():
            wanted = [line.strip() for line in texts(lines) if line.strip() and not line.strip().startswith("#")]
            self.optional.setdefault(str(extra).partition(":")[0], []).extend(wanted)

    def _takes(self, versions: object, where: str) -> None:
        if not isinstance(versions, str) or not versions.strip():
            return
        try:
            self.python &= SpecifierSet(versions)
        except (InvalidSpecifier, RecursionError):
            self.found.skip(f"{where}: requires-python", f"not a version specifier: {versions}"[:200])

    def _is_version(self, version: object) -> None:
        if isinstance(version, str) and _VERSION.fullmatch(version) and not self.version:
            self.version = version

    def _read(self, read: Callable[[Path], object], name: str) -> object:
        try:
            return read(self.directory / name)
        except Unreadable as problem:
            self.found.skip(str((self.directory / name).relative_to(self.root)), str(problem))
            return {}


_NAMED_FILE = re.compile(r"\w[\w.\-/]{0,200}/[\w.\-]{0,50}requirements?[\w.\-]{0,50}\.txt")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_VERSION = re.compile(r"\d[A-Za-z0-9.!+_-]{0,98}")
_OF_AN_EXTRA = re.compile(r";.*\bextra\b")
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([\w.-]+)["']""")
_SCRIPT = re.compile(r"(?m)^# /// script$\s(?P<content>(?:^#(?:| .*)$\s)+?)^# ///$")


def _holds(line: str, extra: str) -> bool:
    """Whether the marker of an extra's requirement holds here."""
    try:
        marker = Requirement(line).marker
    except (InvalidRequirement, RecursionError):
        return False
    return marker is None or marker.evaluate({"extra": extra})


def _poetry_extras(poetry: Mapping[str, object]) -> dict[str, list[str]]:
    """Poetry's extras name dependencies that are declared as optional."""
    wanted = table(poetry, "dependencies")
    lines = {name: poetry_requirement(name, one) for name, one in wanted.items() if not isinstance(one, list)}
    extras = table(poetry, "extras")
    return {extra: [line for name in texts(names) if (line := lines.get(name))] for extra, names in extras.items()}


def _assignments(tree: ast.Module) -> dict[str, object]:
    """Names at the top of a module that are bound to literals."""
    found: dict[str, object] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found[statement.targets[0].id] = _literal(statement.value, found)
    return found


def _literal(node: ast.expr, names: Mapping[str, object]) -> object:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
