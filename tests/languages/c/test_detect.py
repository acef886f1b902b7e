from pathlib import Path

import pytest

from mithridate.languages.c.detect import alternatives, detect
from mithridate.model.errors import UsageError
from mithridate.model.project import BuildSystem, Component, Project, Skipped

MAIN = "int main(void) { return 0; }\n"


def project(root: Path, files: dict[str, str]) -> Project:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Project(name="proj", origin=str(root), snapshot="0" * 64, tree=root, files=len(files), size_bytes=0)


def found(root: Path, files: dict[str, str]) -> dict[str, str]:
    return {c.path: c.system.value for c in detect(project(root, files))[0]}


def skipped(root: Path, files: dict[str, str]) -> tuple[Skipped, ...]:
    return detect(project(root, files))[1]


@pytest.mark.parametrize(
    ("files", "system"),
    [
        ({"CMakeLists.txt": "PROJECT(x C)\nadd_executable(x a.c)", "a.c": MAIN}, "cmake"),
        ({"meson.build": "project('x', ['c', 'cpp'])", "a.c": MAIN}, "meson"),
        ({"configure": "#!/bin/sh\n", "Makefile.in": "", "a.c": MAIN}, "autotools"),
        ({"configure.ac": "AC_INIT([x],[1])", "Makefile.am": "", "a.c": MAIN}, "autotools"),
        ({"configure.in": "AC_INIT(x.c)", "a.c": MAIN}, "autotools"),
        ({"Makefile": "x: a.o\n\t$(CC) -o x a.o\n", "a.c": MAIN}, "make"),
        ({"GNUmakefile": "all: a\n", "a.c": MAIN}, "make"),
        ({"makefile": "include rules.mk\n", "rules.mk": "", "src/a.cc": MAIN}, "make"),
        ({"a.cpp": MAIN}, "bare"),
    ],
)
def test_each_build_system_is_recognised(tmp_path: Path, files: dict[str, str], system: str) -> None:
    assert found(tmp_path, files) == {".": system}


@pytest.mark.parametrize(
    "files",
    [
        {"CMakeLists.txt": "project(x LANGUAGES CSharp)", "x.cs": ""},
        {"meson.build": "project('x', 'rust')", "x.rs": ""},
        {"Makefile": "test:\n\tpytest\n", "x.py": ""},
        {"README.md": "int main(void) {}"},
        {"include/only.h": "int f(void);"},
    ],
)
def test_projects_in_other_languages_are_not_ours(tmp_path: Path, files: dict[str, str]) -> None:
    assert found(tmp_path, files) == {}


def test_a_makefile_that_only_runs_scripts_leaves_the_sources_to_us(tmp_path: Path) -> None:
    assert found(tmp_path, {"Makefile": "lint:\n\tpython lint.py\n", "a.c": MAIN}) == {".": "bare"}


def test_cmake_comes_first_and_the_others_wait_as_alternatives(tmp_path: Path) -> None:
    built = project(
        tmp_path,
        {
            "CMakeLists.txt": "project(x)",
            "configure": "#!/bin/sh\n",
            "meson.build": "project('x','c')",
            "Makefile": "a:\n\tcc a.c\n",
            "a.c": MAIN,
        },
    )
    (component,), _ = detect(built)
    assert component.system is BuildSystem.CMAKE
    assert [a.system for a in alternatives(built, component)] == [
        BuildSystem.AUTOTOOLS,
        BuildSystem.MESON,
        BuildSystem.MAKE,
        BuildSystem.BARE,
    ]


def test_a_cmake_that_downloads_comes_after_a_configure_that_does_not(tmp_path: Path) -> None:
    files = {"CMakeLists.txt": "project(x)\nFetchContent_Declare(y)", "configure": "#!/bin/sh\n", "a.c": MAIN}
    assert found(tmp_path, files) == {".": "autotools"}


def test_subdirectories_that_the_parent_includes_are_not_components(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": "project(x)\nadd_subdirectory(lib)\nadd_subdirectory(${PROJECT_SOURCE_DIR}/tools)",
        "lib/CMakeLists.txt": "project(lib)\nadd_subdirectory(inner)",
        "lib/inner/CMakeLists.txt": "project(inner)",
        "lib/inner/a.c": "int a;",
        "tools/CMakeLists.txt": "project(tools)",
        "tools/t.c": MAIN,
        "separate/CMakeLists.txt": "project(separate)",
        "separate/s.c": MAIN,
    }
    assert found(tmp_path, files) == {".": "cmake", "separate": "cmake"}


def test_what_meson_autotools_and_make_include_is_not_a_component(tmp_path: Path) -> None:
    files = {
        "m/meson.build": "project('m','c')\nsubdir('lib')",
        "m/lib/meson.build": "project('l','c')",
        "m/lib/a.c": "int a;",
        "a/configure.ac": "AC_INIT\nAC_CONFIG_SUBDIRS([inner])",
        "a/inner/configure.ac": "AC_INIT",
        "a/inner/a.c": MAIN,
        "k/Makefile": "SUBDIRS = one two\nall:\n\tfor d in $(SUBDIRS); do $(MAKE) -C $$d; done\n",
        "k/one/Makefile": "one: one.o\n",
        "k/one/one.c": MAIN,
        "k/other/Makefile": "other: other.o\n",
        "k/other/other.c": MAIN,
    }
    assert found(tmp_path, files) == {"m": "meson", "a": "autotools", "k": "make", "k/other": "make"}


def test_nested_and_independent_projects_are_each_a_component(tmp_path: Path) -> None:
    files = {
        "README": "",
        "project/CMakeLists.txt": "project(p)",
        "project/a.c": MAIN,
        "other/deep/Makefile": "a: a.o\n",
        "other/deep/a.c": MAIN,
        "loose/b.c": MAIN,
    }
    assert found(tmp_path, files) == {"project": "cmake", "other/deep": "make", "loose": "bare"}


def test_vendored_and_test_builds_below_a_build_are_left_alone_and_reported(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": "project(x)",
        "a.c": MAIN,
        "third_party/zlib/CMakeLists.txt": "project(zlib C)",
        "third_party/zlib/z.c": "int z;",
        "tests/CMakeLists.txt": "project(tests)",
        "tests/t.c": MAIN,
    }
    assert found(tmp_path, files) == {".": "cmake"}
    assert {s.what for s in skipped(tmp_path, files)} == {"third_party/zlib", "tests"}


def test_a_makefile_below_a_configure_is_a_part_of_it(tmp_path: Path) -> None:
    files = {"configure": "#!/bin/sh\n", "a.c": MAIN, "win/Makefile": "a: a.o\n", "win/w.c": MAIN}
    assert found(tmp_path, files) == {".": "autotools"}


def test_a_conventional_tree_without_a_build_is_one_component(tmp_path: Path) -> None:
    assert found(tmp_path, {"src/main.c": MAIN, "lib/a.c": "int a;", "include/a.h": ""}) == {".": "bare"}


def test_unrelated_directories_without_a_build_are_components_of_their_own(tmp_path: Path) -> None:
    assert found(tmp_path, {"alpha/a.c": MAIN, "beta/b.c": MAIN}) == {"alpha": "bare", "beta": "bare"}


def test_the_root_is_named_after_the_project_and_others_after_their_path(tmp_path: Path) -> None:
    components, _ = detect(
        project(tmp_path, {"Makefile": "a: a.o\n", "a.c": MAIN, "x/CMakeLists.txt": "project(x)", "x/b.c": MAIN})
    )
    assert [c.id for c in components] == ["proj", "x"]


def test_commented_build_commands_do_not_count(tmp_path: Path) -> None:
    files = {"CMakeLists.txt": "project(x)\n# add_subdirectory(sub)\n", "sub/CMakeLists.txt": "project(s)", "sub/a.c": MAIN}
    assert found(tmp_path, files) == {".": "cmake", "sub": "cmake"}


def test_the_owner_overrides_detection(tmp_path: Path) -> None:
    toml = """
[[component]]
path = "."
system = "make"
options = ["X=1"]
env = { A = "b" }
harnesses = ["fuzz/*.c"]
seeds = ["data/*"]
[component.arguments]
prog = ["-x @@", "@@"]
[[component]]
path = "skipped"
skip = true
"""
    files = {
        "mithridate.toml": toml,
        "CMakeLists.txt": "project(x)",
        "Makefile": "a: a.o\n",
        "a.c": MAIN,
        "skipped/CMakeLists.txt": "project(s)",
        "skipped/a.c": MAIN,
    }
    built = project(tmp_path, files)
    components, left = detect(built)
    assert components == (
        Component(
            id="proj",
            language="c",
            path=".",
            system=BuildSystem.MAKE,
            options=("X=1",),
            env={"A": "b"},
            harnesses=("fuzz/*.c",),
            seeds=("data/*",),
            arguments={"prog": ("-x @@", "@@")},
        ),
    )
    assert [s.what for s in left] == ["skipped"]
    assert alternatives(built, components[0]) == ()


def test_own_commands_make_a_custom_component(tmp_path: Path) -> None:
    toml = 'detect = false\n[[component]]\npath = "x"\nbuild = "sh build.sh"\n'
    components, _ = detect(
        project(tmp_path, {"mithridate.toml": toml, "x/a.c": MAIN, "y/CMakeLists.txt": "project(y)", "y/a.c": MAIN})
    )
    assert [(c.path, c.system, c.build) for c in components] == [("x", BuildSystem.CUSTOM, "sh build.sh")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("detect = 1", '"detect" must be true or false'),
        ("detekt = true", '"detekt" is not a known key'),
        ("[[component]]\nsystem = 'make'", 'has no "path"'),
        ("[[component]]\npath = '../x'", 'line 2: "path" must be a path inside the project'),
        ("[[component]]\npath = '.'\nsystem = 'bazel'", 'line 3: "system" must be one of cmake'),
        ("[[component]]\npath = '.'\noptions = 'x'", 'line 3: "options" must be an array of strings'),
        ("[[component]]\npath = '.'\nenv = {A = 1}", '"env" must be a table of strings'),
        ("[[component]]\npath = '.'\n[component.arguments]\np = 'x'", '"arguments" must be a table of arrays'),
        ("[[component]]\npath = '.'\nsed = []", 'line 3: "sed" is not a known key'),
        ("[[component]]\npath = '.'\n[[component]]\npath = './'", "is given twice"),
        ("component = 3", '"component" must be an array of tables'),
        ("x = [", "not valid TOML"),
    ],
)
def test_a_wrong_configuration_names_key_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        detect(project(tmp_path, {"mithridate.toml": text, "a.c": MAIN}))
    assert message in str(error.value)


def test_hostile_build_files_are_read_in_linear_time(tmp_path: Path) -> None:
    files = {"CMakeLists.txt": "project(" * 100_000, "Makefile": "a " * 400_000, "a.c": "/* " * 300_000 + " main(" * 100_000}
    assert found(tmp_path, files) != {}


def test_the_documented_example_is_valid(tmp_path: Path) -> None:
    document = (Path(__file__).parents[3] / "docs/mithridate-toml.md").read_text()
    example = document.split("```toml\n")[1].split("```")[0]
    for name in ("firmware", "legacy"):
        (tmp_path / name).mkdir()
    components, left = detect(project(tmp_path, {"mithridate.toml": example, "CMakeLists.txt": "project(x)", "a.c": MAIN}))
    assert [(c.id, c.system) for c in components] == [("proj", BuildSystem.CMAKE), ("firmware", BuildSystem.CUSTOM)]
    assert [s.what for s in left] == ["legacy"]
    assert all(
        f"`{key}`" in document for key in ("path", "skip", "system", "options", "configure", "build", "env", "harnesses", "seeds")
    )


def test_a_program_ported_to_many_systems_is_built_with_the_makefile_for_ours(tmp_path: Path) -> None:
    ports = {
        f"{system}/Makefile": f"# make -f {system}/Makefile tool\ntool: tool.o\n\t$(CC) -o tool tool.o {system}/{system}.c\n"
        for system in ("acorn", "beos", "unix", "win32")
    }
    sources = {"tool.c": MAIN, "unix/unix.c": "", "win32/win32.c": "", "acorn/acorn.c": "", "beos/beos.c": ""}
    assert found(tmp_path, {**ports, **sources}) == {".": "make"}
    assert any("unix/Makefile" in s.reason for s in skipped(tmp_path, {}))


def test_a_makefile_below_that_is_run_where_it_lies_stays_where_it_is(tmp_path: Path) -> None:
    files = {"tool.c": MAIN, "unix/Makefile": "unix: unix.o\n\t$(CC) -o unix unix.o\n", "unix/unix.c": MAIN}
    assert found(tmp_path, files) == {".": "bare", "unix": "make"}
