"""Finds the Python components of a source tree: projects with metadata, else packages and scripts, but no helpers of C."""

import ast
import posixpath
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from mithridate.languages.c.configuration import Override, read_configuration
from mithridate.languages.c.sources import SourceTree, parent, read_tree
from mithridate.languages.c.walk import head
from mithridate.languages.python import text
from mithridate.languages.python.requirement_files import requirement_files
from mithridate.model.project import BuildSystem, Component, Project, Skipped

LANGUAGE = "python"

_NOT_ENTERED = re.compile(
    r"(?i)^(third[-_]?party|3rd[-_]?party|_?vendor(ed)?|extern(als?)?|subprojects|submodules|node_modules|site-packages"
    r"|tests?|testing|testdata|test[-_]?suite|fixtures|samples?|examples?|demos?|docs?|venv|env|build|dist|__pycache__"
    r"|waf(lib|[-_.].*)?|.*\.egg-info|\..*)$"
)
"""Folders of other people's code, tests, samples, documents and products: what they hold is no component of its own."""
_HELPERS = re.compile(
    r"(?i)^(scripts?|tools?|utils?|ci|cmake|m4|meson|build[-_]?(aux|tools|scripts|utils)|contrib|misc|maint(ainer)?|hack|dev(el|tools)?"
    r"|benchmarks?|bench|perf|fuzz(ing|ers?)?|gen(erators?)?|codegen|packaging|packages|debian|rpm|release|etc|admin|support|gdb|lldb)$"
)
"""Folders where projects in other languages keep the scripts that build, check and release them."""
_INSTALLED = re.compile(r"\.dist-info$")
"""The folder with the metadata of an installed distribution, beside its packages."""
_OTHER_SOURCES = (".go", ".rs", ".java", ".kt", ".js", ".ts", ".tsx", ".cs", ".swift", ".php", ".rb")
_BUILD_FILES = frozenset({"setup.py", "conftest.py", "noxfile.py", "fabfile.py", "conf.py", "wscript.py", "SConstruct.py"})
_FRAMEWORK = re.compile(
    rb"^\s*(?:from|import)\s+(?:flask|django|fastapi|starlette|aiohttp|bottle|tornado|pyramid|falcon|sanic|quart|cherrypy|webob"
    rb"|werkzeug|wsgiref|http\.server|cherrypy|hug|litestar)\b",
    re.MULTILINE,
)
_HEAD_BYTES = 64 << 10
_LISTED = 10


def detect(project: Project) -> tuple[tuple[Component, ...], tuple[Skipped, ...]]:
    """The Python components of a project, outermost first, and what was seen and left alone.

    A folder with metadata (pyproject.toml, setup.py, setup.cfg, Pipfile, requirement files beside code, that of an installed
    distribution) is a component with all below it. Where no metadata is, packages and scripts are one component together. In a
    tree with sources of C or another language, scripts count only as a package or when they import a web framework.

    Raises UsageError when mithridate.toml is wrong.
    """
    configuration = read_configuration(project.tree)
    finder = _Finder(read_tree(project.tree), project.name)
    if configuration.detect:
        finder.find()
    for override in configuration.overrides:
        finder.apply(override)
    components = sorted(finder.components.values(), key=lambda c: (c.path != ".", c.path.count("/"), c.path))
    return tuple(components), tuple(finder.skipped)


@dataclass(slots=True)
class _Finder:
    tree: SourceTree
    name: str
    components: dict[str, Component] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    _with_python: set[str] = field(default_factory=set)

    def find(self) -> None:
        """Projects with metadata; where there is none, code without."""
        for folder in reversed(self.tree.below(".")):
            below = any(child in self._with_python for child in self.tree.children.get(folder, ()))
            if below or self._files(folder):
                self._with_python.add(folder)
        self._find_projects()
        mixed = self._has_other_languages()
        loose = self._loose_packages() if mixed else self._loose_code(helpers=False) or self._loose_code(helpers=True)
        if self.components:
            self._leave(loose)
        elif loose:
            self._add(posixpath.commonpath(loose) or "." if "." not in loose else ".")

    def apply(self, override: Override) -> None:
        """Let the owner's words replace what was detected; those about other languages are not for us."""
        if override.skip:
            for path in [p for p in self.components if override.path in (".", p) or p.startswith(f"{override.path}/")]:
                del self.components[path]
        if override.skip or not (self.tree.root / override.path).is_dir():
            return  # reported by the first language
        if override.system is not BuildSystem.PYTHON and (override.system or override.path not in self.components):
            return
        self._add(override.path)
        self.components[override.path] = replace(
            self.components[override.path],
            configure=override.configure,
            build=override.build,
            options=override.options,
            env=override.env,
            harnesses=override.harnesses,
            arguments=override.arguments,
            seeds=override.seeds,
        )

    def _add(self, path: str) -> None:
        name = self.name if path == "." else path
        shared = path in self.tree.with_sources
        identity = f"{name}-python" if shared else name
        self.components[path] = Component(id=identity, language=LANGUAGE, path=path, system=BuildSystem.PYTHON)

    def _find_projects(self) -> None:
        nested: dict[str, list[str]] = {}
        pending = [(".", "")]
        for folder, covering in pending:
            if folder not in self._with_python:
                continue
            if self._is_project(folder):
                if covering:
                    nested.setdefault(covering, []).append(folder)
                else:
                    self._add(folder)
                    covering = folder
            pending += [(child, covering) for child in self.tree.children.get(folder, ()) if _entered(child)]
        for above, folders in nested.items():
            where = "" if len(folders) <= _LISTED else f" and {len(folders) - _LISTED} more"
            reason = f"a project inside {above} is looked at as a part of it; name it in mithridate.toml to take it by itself"
            self.skipped.append(Skipped(what=f"{', '.join(folders[:_LISTED])}{where}", reason=reason))

    def _is_project(self, folder: str) -> bool:
        names = self.tree.files.get(folder, ())
        root = self.tree.root / folder
        for name, test in (("pyproject.toml", _is_pyproject), ("setup.cfg", _is_setup_cfg), ("setup.py", _is_setup)):
            if name in names:
                try:
                    if test(root / name):
                        return True
                except text.Unreadable as problem:
                    self.skipped.append(Skipped(what=posixpath.normpath(f"{folder}/{name}"), reason=str(problem)))
        if any(_INSTALLED.search(child) for child in self.tree.children.get(folder, ())):
            return True
        if folder != "." and _HELPERS.match(posixpath.basename(folder)):
            return False
        code = [f for f in self._files(folder) if f not in _BUILD_FILES]
        has_code = bool(code) or any(self._is_package(child) for child in self.tree.children.get(folder, ()))
        if self.tree.with_sources and not self._imports_framework(folder) and not self._packages_directly(folder):
            return False  # the requirements are those of a C project's scripts
        return has_code and ("Pipfile" in names or bool(requirement_files(root)))

    def _loose_code(self, *, helpers: bool) -> list[str]:
        """The topmost folders with Python files outside of components; a package's root is the folder above it."""
        found: list[str] = []
        pending = ["."]
        for folder in pending:
            if folder in self.components or folder not in self._with_python:
                continue
            if any(helpers or name not in _BUILD_FILES for name in self._files(folder)):
                found.append(self._import_root(folder))
                continue
            children = self.tree.children.get(folder, ())
            pending += [c for c in children if _entered(c) and (helpers or not _HELPERS.match(posixpath.basename(c)))]
        return sorted(set(found))

    def _loose_packages(self) -> list[str]:
        """In a tree of another language: packages, and scripts that serve the web, outside of helper folders."""
        found: list[str] = []
        pending = ["."]
        for folder in pending:
            if folder in self.components or folder not in self._with_python:
                continue
            if self._is_package(folder) or self._imports_framework(folder):
                found.append(self._import_root(folder))
                continue
            children = self.tree.children.get(folder, ())
            pending += [c for c in children if _entered(c) and not _HELPERS.match(posixpath.basename(c))]
        return sorted(set(found))

    def _leave(self, loose: list[str]) -> None:
        outside = [p for p in loose if not any(c == "." or p == c or p.startswith(f"{c}/") for c in self.components)]
        for path in outside:
            if any(c.startswith(f"{path}/") for c in self.components) or path == ".":
                self.skipped.append(Skipped(what=f"Python scripts in {path}", reason="they lie above projects of their own"))
            else:
                self._add(path)

    def _import_root(self, folder: str) -> str:
        while folder != "." and self._is_package(folder):
            folder = parent(folder)
        return folder

    def _has_other_languages(self) -> bool:
        if self.tree.with_sources:
            return True
        others = sum(name.endswith(_OTHER_SOURCES) for f, names in self.tree.files.items() if _path_entered(f) for name in names)
        ours = sum(len(self._files(folder)) for folder in self._with_python if _path_entered(folder))
        return others > ours

    def _files(self, folder: str) -> tuple[str, ...]:
        return tuple(name for name in self.tree.files.get(folder, ()) if name.endswith(".py"))

    def _is_package(self, folder: str) -> bool:
        return "__init__.py" in self.tree.files.get(folder, ())

    def _packages_directly(self, folder: str) -> bool:
        children = (c for c in self.tree.children.get(folder, ()) if _entered(c) and not _HELPERS.match(posixpath.basename(c)))
        return any(self._is_package(child) for child in children)

    def _imports_framework(self, folder: str) -> bool:
        names = self._files(folder)[:200]
        return any(_FRAMEWORK.search(head(self.tree.root / folder / name, _HEAD_BYTES)) for name in names)


def _entered(folder: str) -> bool:
    return not _NOT_ENTERED.match(posixpath.basename(folder))


def _path_entered(folder: str) -> bool:
    return folder == "." or not any(_NOT_ENTERED.match(part) for part in folder.split("/"))


def _is_pyproject(path: Path) -> bool:
    """Names a project; a file that only configures linters does not."""
    document = text.toml(path)
    tools = text.table(document, "tool")
    named = bool(text.table(document, "project").get("name")) or bool(text.table(tools, "poetry").get("dependencies"))
    flit = bool(text.table(tools, "flit", "metadata"))
    return named or flit or bool(text.table(document, "build-system").get("build-backend"))


def _is_setup_cfg(path: Path) -> bool:
    sections = text.ini(path)
    return bool(sections.get("metadata", {}).get("name") or sections.get("options", {}).get("packages"))


def _is_setup(path: Path) -> bool:
    return any(is_setup_call(node) for node in ast.walk(text.syntax(path)))


def is_setup_call(node: ast.AST) -> bool:
    """True for `setup(…)` and `setuptools.setup(…)`."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    ) == "setup"
