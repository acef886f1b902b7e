"""Finds the buildable parts of a source tree: which directories hold a build of their own, and with which system."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mithridate.languages.c.configuration import Configuration, Override, read_configuration
from mithridate.languages.c.sources import HEADERS, SourceTree, join, parent, read_tree
from mithridate.model.project import BuildSystem, Component, Project, Skipped

LANGUAGE = "c"
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
BOOTSTRAPS = ("autogen.sh", "bootstrap", "bootstrap.sh", "buildconf", "autogen")

_OTHERS = r"third[-_]?party|3rd[-_]?party|vendor(ed)?|extern(als?)?|deps|dependencies|subprojects|submodules|node_modules"

# Nested builds in places of these names are somebody else's code, tests or samples when a build above them exists.
_VENDORED = re.compile(
    rf"(?i)^({_OTHERS}"
    r"|tests?|testing|testdata|test[-_]?suite|regress|samples?|examples?|demos?|docs?|doc|cmake|m4|build-aux|packaging|debian|ci"
    r"|\..*)$"
)
_CONVENTIONAL = frozenset(
    {"src", "source", "sources", "lib", "libs", "libsrc", "include", "app", "apps", "core", "code", "cmd", "main"}
)

_OUR_PORT = re.compile(r"(?i)(unix|linux|posix|gnu|gcc|generic)")


def detect(project: Project) -> tuple[tuple[Component, ...], tuple[Skipped, ...]]:
    """The C and C++ components of a project, outermost first, and nested builds that were left alone.

    A directory's build covers what its files name as part of it; a nested build that no ancestor covers is a component of its
    own; sources that no build covers are bare components. Raises UsageError when mithridate.toml is wrong.
    """
    configuration = read_configuration(project.tree)
    tree = read_tree(project.tree)
    finder = _Finder(tree, project.name)
    if configuration.detect:
        finder.visit(".", None)
        finder.find_bare()
    _apply(configuration, finder)
    components = sorted(finder.components.values(), key=lambda c: (c.path != ".", c.path.count("/"), c.path))
    return tuple(components), tuple(finder.skipped)


def alternatives(project: Project, component: Component) -> tuple[Component, ...]:
    """Other ways to build the same directory, best first, for when the chosen one fails. None when the owner chose one.

    The last resort compiles the sources without their build files.
    """
    if component.configure or component.build or component.system is BuildSystem.CUSTOM:
        return ()
    if any(o.system for o in read_configuration(project.tree).overrides if o.path == component.path):
        return ()
    tree = read_tree(project.tree)
    systems = [*build_systems(tree, component.path), BuildSystem.BARE]
    return tuple(replace(component, system=s, options=()) for s in dict.fromkeys(systems) if s is not component.system)


def build_systems(tree: SourceTree, directory: str) -> list[BuildSystem]:
    """The C and C++ build systems that `directory` has files of, the likeliest to work without a network first."""
    if directory not in tree.with_sources:
        return []
    names = tree.files.get(directory, ())
    found: list[tuple[int, BuildSystem]] = []
    if _is_cmake(tree, directory):
        downloads = re.search(r"(?i)\b(FetchContent_|ExternalProject_Add|CPMAddPackage)", tree.text(directory, "CMakeLists.txt"))
        found.append((5 if downloads else 1, BuildSystem.CMAKE))
    if _is_meson(tree, directory):
        found.append((3, BuildSystem.MESON))
    if "configure" in names and re.match(r"#!\s*\S*(sh|env (ba|da|k|z)?sh)\b", tree.text(directory, "configure")):
        found.append((2, BuildSystem.AUTOTOOLS))
    elif any("AC_INIT" in tree.text(directory, name) for name in ("configure.ac", "configure.in")):
        found.append((4, BuildSystem.AUTOTOOLS))
    if makefile(tree, directory) and _compiles(tree, directory):
        found.append((6, BuildSystem.MAKE))
    return [system for _, system in sorted(found)]


def makefile(tree: SourceTree, directory: str) -> str:
    """The makefile for `directory`, relative to it, or "": the one that make would take, or one below that is run from there."""
    own = next((name for name in MAKEFILES if name in tree.files.get(directory, ())), "")
    return own or next(iter(_ports(tree, directory)), "")


def _ports(tree: SourceTree, directory: str) -> list[str]:
    """Makefiles in folders below that are meant to be run from `directory`, those for systems like ours first.

    Programs that were ported to many systems keep one folder a system: `make -f unix/Makefile`. Such a makefile says so.
    """
    if not tree.sources(directory):
        return []
    found = []
    for child in tree.children.get(directory, ()):
        folder = child.rpartition("/")[2]
        name = next((n for n in MAKEFILES if n in tree.files.get(child, ())), "")
        if name and re.search(rf"-f\s*{re.escape(folder)}/{name}\b", tree.text(child, name)):
            found.append(f"{folder}/{name}")
    ours = [path for path in found if _OUR_PORT.match(path)]
    return ours if len(found) > 1 or ours else found


@dataclass(slots=True)
class _Finder:
    """Walks the tree from the top and collects components."""

    tree: SourceTree
    name: str
    components: dict[str, Component] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    def visit(self, directory: str, covered: Callable[[str], bool] | None) -> None:
        """Look at `directory` and below; `covered` says what the nearest component above includes, None when there is none."""
        pending: list[tuple[str, Callable[[str], bool] | None]] = [(directory, covered)]
        for folder, above in pending:
            if folder not in self.tree.with_sources:
                continue
            here = above
            if self._is_component(folder, above):
                system = build_systems(self.tree, folder)[0]
                self.components[folder] = self.component(folder, system)
                here = _coverage(self.tree, folder)
                self._leave_other_ports(folder)
            pending.extend((child, here) for child in self.tree.children.get(folder, ()))

    def _leave_other_ports(self, folder: str) -> None:
        chosen = makefile(self.tree, folder)
        if "/" in chosen:
            reason = f"the code for other systems in folders beside {chosen} is not built"
            self.skipped.append(Skipped(what=folder, reason=reason))

    def _is_component(self, folder: str, covered: Callable[[str], bool] | None) -> bool:
        systems = build_systems(self.tree, folder)
        if not systems or covered is None:
            return bool(systems)
        if covered(folder):
            return False
        above = next(path for path in _ancestors(folder) if path in self.components)
        if systems == [BuildSystem.MAKE] and self.components[above].system is not BuildSystem.MAKE:
            return False  # a makefile without its configure is a part, or a leftover for another platform
        inner = folder if above == "." else folder[len(above) + 1 :]
        if any(_VENDORED.match(part) for part in inner.split("/")):
            self.skipped.append(
                Skipped(what=folder, reason=f"a nested build in a place for tests or other people's code, inside {above}")
            )
            return False
        return True

    def component(self, path: str, system: BuildSystem) -> Component:
        """A component with nothing but what detection knows."""
        return Component(id=self.name if path == "." else path, language=LANGUAGE, path=path, system=system)

    def find_bare(self) -> None:
        """Make components of the directories with sources that no build covers."""
        pending = ["."]
        for folder in pending:
            if folder in self.components or folder not in self.tree.with_sources:
                continue
            children = [c for c in self.tree.children.get(folder, ()) if c in self.tree.with_sources]
            alone = not any(folder == "." or path.startswith(f"{folder}/") for path in self.components)
            if not alone and folder != "." and _VENDORED.match(folder.rpartition("/")[2]):
                self.skipped.append(Skipped(what=folder, reason="sources without a build in a place for tests or samples"))
                continue
            conventional = any(child.rpartition("/")[2].lower() in _CONVENTIONAL for child in children)
            if self.tree.sources(folder) or (alone and conventional):
                self.components[folder] = self.component(folder, BuildSystem.BARE)
                if alone:
                    continue
            pending.extend(children)


def _apply(configuration: Configuration, finder: _Finder) -> None:
    """Let the owner's words replace what was detected."""
    for override in configuration.overrides:
        if override.system is BuildSystem.PYTHON and not override.skip:
            continue
        if not (finder.tree.root / override.path).is_dir():
            finder.skipped.append(Skipped(what=override.path, reason="mithridate.toml names it, but there is no such directory"))
            continue
        if override.skip:
            for path in [p for p in finder.components if override.path in (".", p) or p.startswith(f"{override.path}/")]:
                del finder.components[path]
            finder.skipped.append(Skipped(what=override.path, reason="mithridate.toml says to skip it"))
            continue
        finder.components[override.path] = _overridden(override, finder)


def _overridden(override: Override, finder: _Finder) -> Component:
    detected = finder.components.get(override.path)
    systems = build_systems(finder.tree, override.path)
    fallback = BuildSystem.CUSTOM if override.build else BuildSystem.BARE
    known = detected.system if detected else systems[0] if systems else fallback
    return replace(
        finder.component(override.path, override.system or known),
        configure=override.configure,
        build=override.build,
        options=override.options,
        env=override.env,
        harnesses=override.harnesses,
        arguments=override.arguments,
        seeds=override.seeds,
    )


def _ancestors(folder: str) -> list[str]:
    found = []
    while folder != ".":
        folder = parent(folder)
        found.append(folder)
    return found


def _is_cmake(tree: SourceTree, directory: str) -> bool:
    text = _uncommented(tree.text(directory, "CMakeLists.txt"))
    project = re.search(r"(?i)^[ \t]*project\s*\(([^)]*)\)", text, re.MULTILINE)
    if project is None:
        return bool(re.search(r"(?i)^[ \t]*add_(executable|library)\s*\(", text, re.MULTILINE))
    languages = re.search(r"(?i)\bLANGUAGES\b(.*)", project.group(1), re.DOTALL)
    words = set((languages.group(1) if languages else project.group(1)).upper().split()[0 if languages else 1 :])
    others = words & {"NONE", "CSHARP", "FORTRAN", "SWIFT", "JAVA", "CUDA", "OBJC"}
    return bool(words & {"C", "CXX"}) or not others or bool(re.search(r"(?i)enable_language\s*\(\s*C(XX)?\b", text))


def _is_meson(tree: SourceTree, directory: str) -> bool:
    project = re.search(r"(?m)^\s*project\s*\(([^)]*)\)", _uncommented(tree.text(directory, "meson.build")))
    return project is not None and bool(re.search(r"""['"](c|cpp)['"]""", project.group(1)))


def _compiles(tree: SourceTree, directory: str) -> bool:
    """True when a makefile compiles C or C++, itself or through the makefiles below; one beside sources has make's own rules."""
    text = _uncommented(tree.text(directory, makefile(tree, directory)))
    if re.search(r"\$[({](CC|CXX|LINK\.\w+|COMPILE\.\w+|CPP)[)}]|\b(gcc|g\+\+|clang|c\+\+)\b|(?m:^[\t ].*\bcc\b)|\.o\b", text):
        return True
    if tree.sources(directory) and re.search(r"(?m)^[^\t#:=\n]+:(?!=)", text):
        stems = {name.rpartition(".")[0] for name in tree.sources(directory)}
        return any(re.search(rf"(?<![\w.-]){re.escape(stem)}(?![\w-])", text) for stem in stems)
    return bool(re.search(r"\$[({]MAKE[)}]|\bmake\s+-C\b|(?m:^-?include\s)", text))


def _coverage(tree: SourceTree, root: str) -> Callable[[str], bool]:
    """What the build files in `root` include of the directories below: a test for one of those."""
    names = tree.files.get(root, ())
    tests: list[Callable[[str], bool]] = []
    if "CMakeLists.txt" in names:
        tests.append(_closure(tree, root, "CMakeLists.txt", _CMAKE_INCLUSION))
    if "meson.build" in names:
        tests.append(_closure(tree, root, "meson.build", _MESON_INCLUSION))
    scripts = [n for n in ("configure.ac", "configure.in", "Makefile.am", "Makefile.in", *MAKEFILES) if n in names]
    fragments = [n for n in names if n.endswith((".mk", ".mak", ".make", ".pri"))]
    text = "\n".join(_uncommented(tree.text(root, name)) for name in (*scripts, *fragments))
    # A generated configure script says all words there are; only these lines of it name directories.
    text += "\n".join(re.findall(r"(?m)^\s*(?:subdirs|ac_config_files)=.*$", tree.text(root, "configure")))
    if scripts or "configure" in names:
        tests.append(_mentions(text, root))
    if "/" in makefile(tree, root):
        tests.append(lambda _: True)
    return lambda folder: any(test(folder) for test in tests)


_CMAKE_INCLUSION = re.compile(r"(?i)\badd_subdirectory\s*\(\s*\"?([^\s\")]+)")
_MESON_INCLUSION = re.compile(r"\bsub(?:dir|project)\s*\(\s*'?([^\s')]+)")
_CMAKE_HERE = re.compile(r"^\$\{(CMAKE_CURRENT_SOURCE_DIR|CMAKE_CURRENT_LIST_DIR)\}/")
_CMAKE_TOP = re.compile(r"^\$\{(CMAKE_SOURCE_DIR|PROJECT_SOURCE_DIR|\w+_SOURCE_DIR)\}/")


def _closure(tree: SourceTree, root: str, file: str, inclusion: re.Pattern[str]) -> Callable[[str], bool]:
    """Directories that are included from `root` in steps; everything, when a directory's name is computed."""
    included: set[str] = set()
    everything = False
    pending = [root]
    for folder in pending:
        for name in inclusion.findall(_uncommented(tree.text(folder, file))):
            plain = _CMAKE_HERE.sub("", name)
            base = folder
            if _CMAKE_TOP.match(plain):
                plain, base = _CMAKE_TOP.sub("", plain), root
            everything = everything or "$" in plain
            path = join(base, plain.strip("/")) if plain.strip("/.") else base
            if path not in included and path != root:
                included.add(path)
                pending.append(path)
    return lambda folder: everything or folder in included


def _mentions(text: str, root: str) -> Callable[[str], bool]:
    """For makefiles and configure scripts: a directory is included when its path is a word of theirs, or they loop over all."""
    loops = re.search(r"wildcard\s+\*/|\bfor\s+\w+\s+in\s+\*/?|\$\(shell\s+(find|ls)|find\s+\.\s+.*-type d", text) is not None
    words = {word.removeprefix("./").rstrip("/") for word in re.split(r"[\s=:;,'\"()\[\]`|&$@{}+]+", text)}
    parts = {prefix for word in words for prefix in _prefixes(word)}

    def included(folder: str) -> bool:
        inner = folder if root == "." else folder[len(root) + 1 :]
        return loops or inner in parts or inner.partition("/")[0] in words

    return included


def _prefixes(word: str) -> list[str]:
    """ "a/b/Makefile" names the directories "a", "a/b" and, as it may be a directory, itself."""
    pieces = word.split("/")
    return ["/".join(pieces[:n]) for n in range(1, min(len(pieces), 12) + 1)]


def _uncommented(text: str) -> str:
    return re.sub(r"(?m)(^|\s)#.*$|^dnl .*$", "", text)


def is_other_peoples(path: str) -> bool:
    """True for a path (relative to the component) that leads through a folder for other people's code."""
    return any(re.fullmatch(_OTHERS, part, re.IGNORECASE) for part in path.split("/")[:-1])


def is_header(name: str) -> bool:
    """True for a file that sources include."""
    return name.endswith(HEADERS)
