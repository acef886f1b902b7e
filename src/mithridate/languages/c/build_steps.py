"""The commands that build a component, by build system: a ladder of attempts, each a few shell scripts for the sandbox.

Attempts go from the one that builds most to the one that asks least. Scripts may use $JOBS. Everything happens in /src
(the private copy of the project) and /build; nothing is installed.
"""

import re
import shlex
from dataclasses import dataclass, field

from mithridate.languages.c.bare import RULES, bare_rules
from mithridate.languages.c.detect import BOOTSTRAPS, makefile
from mithridate.languages.c.sources import SourceTree
from mithridate.languages.c.wrapper import CC, CXX
from mithridate.model.project import BuildSystem, Component

OLD_C = "-std=gnu89"
"""For C from before 1999: implicit declarations, gnu89 inline functions. Goes before the project's own flags."""

INSTALLED = "/build/.installed"
"""Where data files are installed to (sandbox path), as if it were the root."""

_TESTS = r"(?i)test|bench"
"""Options for what may take longer to compile than all the rest and reads no input."""


@dataclass(frozen=True, slots=True)
class Step:
    """A shell script with the name that a failure reports."""

    name: str
    script: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """Steps in order. `files` (sandbox path → text) come before the first; `first` are flags for C before the project's."""

    label: str
    steps: tuple[Step, ...]
    files: dict[str, str] = field(default_factory=dict)
    first: str = ""
    compiles_from: int = 0
    """Index of the first step whose compiler calls are the project's own and not a configure script's."""
    install: str = ""
    """A script that puts the data files of the finished build below INSTALLED; "" where nobody knows how."""
    without_tests: bool = False
    """Leaves out what may hold the only programs, so it counts only when it gives something that can be entered."""


def attempts(component: Component, tree: SourceTree) -> tuple[Attempt, ...]:
    """The ways to build `component`, best first."""
    source = "/src" if component.path == "." else f"/src/{component.path}"
    ladder = _LADDERS[component.system](component, tree, shlex.quote(source))
    if component.configure or component.build:
        ladder = [_with_own_commands(ladder[0], component, shlex.quote(source))]
    return tuple(ladder)


def _with_own_commands(attempt: Attempt, component: Component, source: str) -> Attempt:
    steps = {step.name: step for step in attempt.steps}
    if component.configure:
        steps = {"configure": Step("configure", f"cd {source} && {{ {component.configure}\n}}"), "build": steps["build"]}
    if component.build:
        steps["build"] = Step("build", f"cd {source} && {{ {component.build}\n}}")
    configures = component.system is not BuildSystem.CUSTOM and "configure" in steps
    return Attempt(attempt.label, tuple(steps.values()), attempt.files, compiles_from=1 if configures else 0)


def _install(directory: str) -> str:
    """Data only, where the makefiles tell it apart: programs are run where they were built."""
    return f"cd {directory} && {{ make -k install-data DESTDIR={INSTALLED} || make -k install DESTDIR={INSTALLED}; }}"


def _make(directory: str, arguments: str = "") -> str:
    """Build all that can be built, in parallel, then once more one by one: old makefiles miss dependencies between targets."""
    return f"cd {directory} && {{ make -k -j$JOBS {arguments} || make -k {arguments}; }}"


def _cmake(component: Component, tree: SourceTree, source: str) -> list[Attempt]:
    fixed = [
        *("-G", "Unix Makefiles", f"-DCMAKE_C_COMPILER={CC}", f"-DCMAKE_CXX_COMPILER={CXX}", "-DBUILD_SHARED_LIBS=OFF"),
        # Projects that choose Release by themselves still get no -O3 and no -DNDEBUG.
        *(f"-DCMAKE_{lang}_FLAGS_{kind}=" for lang in ("C", "CXX") for kind in ("RELEASE", "RELWITHDEBINFO", "MINSIZEREL")),
        *(
            "-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=OFF",
            "-DFETCHCONTENT_FULLY_DISCONNECTED=ON",
            "-DCMAKE_POLICY_VERSION_MINIMUM=3.5",
        ),
        *("-DCMAKE_COMPILE_WARNING_AS_ERROR=OFF", "-DCMAKE_DISABLE_FIND_PACKAGE_Doxygen=ON", "-Wno-dev"),
    ]
    options = _cmake_options(tree, component.path)
    fuzz = [f"-D{name}=ON" for name in options if re.search(r"(?i)fuzz", name)]
    lean = [
        f"-D{name}={'ON' if re.search(r'(?i)disable|without|_no_|^no_', name) else 'OFF'}"
        for name in options
        if re.search(r"(?i)test|doc|example|bench|sample|fuzz|install|python|java|gui", name)
    ]
    untested = [o for o in lean if re.search(_TESTS, o)]
    no_tests = ["-DBUILD_TESTING=OFF", *untested]
    ladder = [("None", [*no_tests, *fuzz])] if untested or "enable_testing" in tree.text(component.path, "CMakeLists.txt") else []
    ladder += [("None", fuzz)] if fuzz else []
    ladder += [("None", []), ("Debug", ["-DBUILD_TESTING=OFF", *lean])]
    return [
        Attempt(
            f"cmake {kind} {' '.join(extra)}".strip(),
            (
                Step("configure", _command("cmake", "-S", None, "-B", "/build", f"-DCMAKE_BUILD_TYPE={kind}", *fixed, *extra,
                                           *component.options, source=source)),
                Step("build", _make("/build")),
            ),
            compiles_from=1,
            install=f"DESTDIR={INSTALLED} cmake --install /build",
            without_tests="-DBUILD_TESTING=OFF" in extra,
        )
        for kind, extra in ladder
    ]  # fmt: skip


def _cmake_options(tree: SourceTree, path: str) -> list[str]:
    """The names of the project's own switches."""
    texts = [tree.text(path, "CMakeLists.txt")]
    texts += [tree.text(d, f) for d in tree.below(path)[:200] for f in tree.files.get(d, ()) if f.endswith(".cmake")]
    return list(dict.fromkeys(re.findall(r"(?i)^[ \t]*(?:cmake_dependent_)?option\s*\(\s*(\w+)", "\n".join(texts), re.MULTILINE)))


def _meson(component: Component, tree: SourceTree, source: str) -> list[Attempt]:
    fixed = (
        *("--buildtype=plain", "--default-library=static", "--wrap-mode=nodownload", "-Dwerror=false", "-Db_lundef=false"),
        *("-Db_ndebug=false", "-Db_lto=false", "-Dauto_features=auto"),
    )
    options = _meson_options(tree, component.path)
    fuzz = [f"-D{name}={on}" for name, on, _ in options if re.search(r"(?i)fuzz", name)]
    lean = [
        f"-D{name}={off}" for name, _, off in options if re.search(r"(?i)test|doc|man|example|bench|fuzz|introspection", name)
    ]
    untested = [o for o in lean if re.search(_TESTS, o)]
    ladder = [[*untested, *fuzz]] if untested else []
    ladder += [fuzz] if fuzz else []
    ladder += [[], lean] if lean else [[]]
    build = "ninja -k 0 -C /build || { [ -f /build/build.ninja ] && ninja -k 0 -j 1 -C /build; }"
    return [
        Attempt(
            f"meson {' '.join(extra)}".strip(),
            (
                Step("configure", _command("meson", "setup", "/build", None, *fixed, *extra, *component.options, source=source)),
                Step("build", build),
            ),
            compiles_from=1,
            install=f"meson install -C /build --no-rebuild --destdir {INSTALLED}",
            without_tests=bool(untested) and set(untested) <= set(extra),
        )
        for extra in ladder
    ]


def _meson_options(tree: SourceTree, path: str) -> list[tuple[str, str, str]]:
    """(name, value for yes, value for no) of the project's boolean and feature options."""
    text = tree.text(path, "meson_options.txt") + tree.text(path, "meson.options")
    found = re.findall(r"option\s*\(\s*'([^']+)'[^)]*?type\s*:\s*'(boolean|feature)'", text)
    return [(name, "true", "false") if kind == "boolean" else (name, "enabled", "disabled") for name, kind in found]


_GENERATED = "config.guess config.sub install-sh missing depcomp compile ltmain.sh mkinstalldirs configure autogen.sh bootstrap"

# The options of a configure script that are wanted when it knows them; a handwritten one stops at what it does not know.
_WANTED = (
    ("--enable-static", "(en|dis)able-static"),
    ("--disable-shared", "(en|dis)able-shared"),
    ("--disable-dependency-tracking", "disable-dependency-tracking"),
    ("--disable-maintainer-mode", "(en|dis)able-maintainer-mode"),
    ("--disable-werror", "(en|dis)able-werror"),
    ("--disable-nls", "(en|dis)able-nls"),
    ("--disable-doc", "(en|dis)able-doc([^a-z]|$)"),
    ("--disable-docs", "(en|dis)able-docs"),
    ("--disable-gtk-doc", "(en|dis)able-gtk-doc([^-]|$)"),
    ("--disable-lto", "(en|dis)able-lto"),
)


def _autotools(component: Component, tree: SourceTree, source: str) -> list[Attempt]:
    prepare = [f"cd {source}", f"for f in {_GENERATED}; do [ ! -f $f ] || chmod +x $f; done", "rm -f config.status config.cache"]
    steps = []
    if "configure" not in tree.files.get(component.path, ()):
        scripts = [name for name in BOOTSTRAPS if name in tree.files.get(component.path, ())]
        generate = " || ".join(["autoreconf -fi", *(f"sh ./{name}" for name in scripts)])
        steps.append(Step("autoreconf", "\n".join([*prepare, f"{{ {generate} || true; }} && test -f configure"])))
    choose = "\n".join(
        [f"help=$(cd {source} && sh ./configure --help 2>&1) || help=", "set --"]
        + [f'printf %s "$help" | grep -Eq -e "-({pattern})" && set -- "$@" {option}' for option, pattern in _WANTED]
    )
    extra = " ".join(map(shlex.quote, component.options))
    return [
        Attempt(
            "configure",
            (
                *steps,
                Step("configure", "\n".join([*prepare, choose, f'cd /build && {source}/configure "$@" {extra}'])),
                Step("build", _make("/build")),
            ),
            compiles_from=len(steps) + 1,
            install=_install("/build"),
        ),
        *(
            Attempt(
                f"configure in the source directory {first}".strip(),
                (
                    *steps,
                    Step("configure", "\n".join([*prepare, choose, f'sh ./configure "$@" {extra} || sh ./configure {extra}'])),
                    Step("build", _make(source)),
                ),
                first=first,
                compiles_from=len(steps) + 1,
                install=_install(source),
            )
            for first in ("", OLD_C)
        ),
    ]


def _plain_make(component: Component, tree: SourceTree, source: str) -> list[Attempt]:
    name = makefile(tree, component.path)
    text = tree.text(component.path, name)
    goals = [goal for goal in ("", "all", "linux", "generic", "posix", "build") if not goal or _has_goal(text, goal)]
    options = " ".join(map(shlex.quote, [*(("-f", name) if "/" in name else ()), *component.options]))
    # Objects and programs that somebody shipped would keep make from building them for us.
    clean = f"cd {source} && find . -name '*.o' -type f -exec sh -c '{_REMOVE_STALE_OBJECTS}' sh {{}} +; true"
    compilers = f"CC={CC} CXX={CXX}"
    ways = [*(("", goal, "") for goal in goals), *((compilers, goal, "") for goal in goals[:2]), (compilers, goals[0], OLD_C)]
    found = []
    for chosen, goal, first in ways:
        words = " ".join(word for word in (chosen, options, goal) if word)
        found.append(Attempt(f"make {words} {first}".strip(), (Step("build", f"{clean}\n{_make(source, words)}"),), first=first))
    return found


_REMOVE_STALE_OBJECTS = 'for o do for e in c cc cpp cxx C S; do [ ! -f "${o%.o}.$e" ] || rm -f "$o"; done; done'


def _has_goal(text: str, goal: str) -> bool:
    return re.search(rf"(?m)^(?:[\w./-]+[ \t]+)*{goal}(?:[ \t]+[\w./-]+)*[ \t]*:(?!=)", text) is not None


def _bare(component: Component, tree: SourceTree, source: str) -> list[Attempt]:
    _ = source  # the rules name every file by its full path
    files = {RULES: bare_rules(tree, component.path)}
    goals = ("objects", "archives", "programs")
    script = "\n".join(f"make -k -j$JOBS -f {RULES} {goal} || failed=1" for goal in goals)
    return [
        Attempt(f"sources {first}".strip(), (Step("build", f"failed=0\n{script}\nexit $failed"),), files, first)
        for first in ("", OLD_C)
    ]


def _custom(component: Component, tree: SourceTree, source: str) -> list[Attempt]:
    _ = component, tree
    return [Attempt("custom", (Step("build", _make(source)),))]


def _command(*words: str | None, source: str) -> str:
    """A shell command; None stands for the already quoted source directory."""
    return " ".join(source if word is None else shlex.quote(word) for word in words)


_LADDERS = {
    BuildSystem.CMAKE: _cmake,
    BuildSystem.MESON: _meson,
    BuildSystem.AUTOTOOLS: _autotools,
    BuildSystem.MAKE: _plain_make,
    BuildSystem.BARE: _bare,
    BuildSystem.CUSTOM: _custom,
}
