import json
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mithridate.languages.c import build_cache
from mithridate.languages.c.build import BuildLimits, build_component
from mithridate.languages.c.calls import Call, include_flags, links, read_calls
from mithridate.languages.c.detect import detect
from mithridate.languages.c.flags import AFL_RUNTIME
from mithridate.languages.c.products import is_program, on_host
from mithridate.languages.c.toolchain import Toolchain, find_toolchain
from mithridate.languages.c.wrapper import WRAPPER_DIRECTORY, compiler_env, install_wrapper
from mithridate.languages.invocation import build_mounts
from mithridate.model.entry import Binary
from mithridate.model.execution import Command, Limits
from mithridate.model.project import Build, BuildFailure, BuildSystem, Flavour
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.store.snapshot import take_snapshot

MAIN = "#include <string.h>\nint main(int c, char **v) { char b[8]; if (c > 1) strcpy(b, v[1]); return b[0] == 1; }\n"
LIMITS = BuildLimits(wall_s=120)

Builder = Callable[..., Build | BuildFailure]


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    return find_toolchain()


@pytest.fixture
def builder(tmp_path: Path, toolchain: Toolchain) -> Builder:
    """Writes a project and builds its first component."""

    def build(
        files: dict[str, str],
        flavour: Flavour = Flavour.PLAIN,
        limits: BuildLimits = LIMITS,
        edit: Callable[[Path], None] | None = None,
        number: int = 0,
    ) -> Build | BuildFailure:
        root = tmp_path / "proj"
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        if edit is not None:
            edit(root)
        project, _ = take_snapshot(root, tmp_path / "snapshots")
        components, _ = detect(project)
        return build_component(
            project,
            components[number],
            flavour,
            Bubblewrap(),
            tmp_path / "cache",
            toolchain,
            neighbours=components,
            limits=limits,
        )

    return build


def built(result: Build | BuildFailure) -> Build:
    assert isinstance(result, Build), f"{result.step}: {result.first_error}\n{result.log}"
    return result


def failed(result: Build | BuildFailure) -> BuildFailure:
    assert isinstance(result, BuildFailure)
    return result


def outputs(build: Build) -> set[str]:
    return {link.output for link in build.links}


def host(build: Build, inside: str) -> Path:
    path = on_host(build.directory, inside)
    assert path is not None
    return path


def symbols(path: Path) -> str:
    return subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout


def crashes(build: Build, program: str) -> bool:
    run = subprocess.run([host(build, program), "A" * 64], capture_output=True, check=False)
    return b"AddressSanitizer: stack-buffer-overflow" in run.stderr


CMAKE = {
    "CMakeLists.txt": """
cmake_minimum_required(VERSION 3.10)
project(x C)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
add_compile_options(-Wall -Werror -O3 -flto -fno-tree-vectorize)
configure_file(gen.h.in gen.h)
add_library(part part.c)
target_include_directories(part PUBLIC include ${CMAKE_CURRENT_BINARY_DIR})
add_executable(prog main.c)
target_link_libraries(prog part -s)
""",
    "gen.h.in": "#define GENERATED 1\n",
    "include/part.h": "int part(void);\n",
    "part.c": '#include "part.h"\n#include "gen.h"\n#include <assert.h>\n'
    "int part(void) { int unused; static volatile int on = GENERATED; assert(on); return 0; }\n",
    "main.c": '#include "part.h"\n' + MAIN.replace("return", "return part() +"),
}


@pytest.fixture(scope="session")
def cmake_build(tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain) -> Build:
    root = tmp_path_factory.mktemp("cmake")
    for name, text in CMAKE.items():
        (root / "proj" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "proj" / name).write_text(text)
    project, _ = take_snapshot(root / "proj", root / "snapshots")
    (component,), _ = detect(project)
    return built(build_component(project, component, Flavour.PLAIN, Bubblewrap(), root / "cache", toolchain, limits=LIMITS))


def test_a_cmake_project_builds_with_sanitizers_despite_its_own_flags(cmake_build: Build) -> None:
    assert outputs(cmake_build) == {"/build/prog"}
    assert cmake_build.archives == ("/build/libpart.a",)
    assert not cmake_build.incomplete
    assert crashes(cmake_build, "/build/prog")


def test_assertions_stay_and_symbols_stay(cmake_build: Build) -> None:
    names = symbols(host(cmake_build, "/build/prog"))
    assert "__assert_fail" in names
    assert " T part" in names


def test_the_link_command_is_recorded_as_the_project_gave_it(cmake_build: Build) -> None:
    (link,) = cmake_build.links
    assert link.argv[0] == "cc"
    assert "-s" in link.argv
    assert "libpart.a" in link.argv
    assert link.cwd == "/build"


def test_include_flags_are_sandbox_paths(cmake_build: Build) -> None:
    assert {"-I/src/include", "-I/build"} <= set(cmake_build.includes)


def test_warnings_are_counted_where_the_project_made_them_errors(cmake_build: Build) -> None:
    assert cmake_build.warnings >= 1


def test_a_meson_project_builds(builder: Builder) -> None:
    result = built(
        builder(
            {
                "meson.build": "project('x', 'c', default_options: ['werror=true', 'warning_level=3'])\n"
                "part = library('part', 'part.c')\nexecutable('prog', 'main.c', link_with: part)\n",
                "part.c": "int part(void) { int unused; return 0; }\n",
                "main.c": MAIN,
            }
        )
    )
    assert outputs(result) == {"/build/prog"}
    assert any(a.endswith("libpart.a") for a in result.archives)
    assert crashes(result, "/build/prog")


AUTOTOOLS = {
    "configure.ac": "AC_INIT([x],[1])\nAC_CONFIG_SRCDIR([main.c])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\n"
    "AC_CHECK_FUNCS([strlcpy memcpy])\nAC_CONFIG_HEADERS([config.h])\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n",
    "Makefile.am": "bin_PROGRAMS = prog\nprog_SOURCES = main.c\n",
    "main.c": "#include <config.h>\n#ifndef HAVE_MEMCPY\n#error probe failed\n#endif\n" + MAIN,
}


@pytest.fixture(scope="session")
def autotools_build(tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain) -> Build:
    root = tmp_path_factory.mktemp("autotools")
    (root / "proj").mkdir()
    for name, text in AUTOTOOLS.items():
        (root / "proj" / name).write_text(text)
    project, _ = take_snapshot(root / "proj", root / "snapshots")
    (component,), _ = detect(project)
    return built(build_component(project, component, Flavour.FUZZ, Bubblewrap(), root / "cache", toolchain, limits=LIMITS))


def test_a_checkout_without_configure_is_bootstrapped_and_its_probes_are_no_programs(autotools_build: Build) -> None:
    assert outputs(autotools_build) == {"/build/prog"}
    assert autotools_build.component.system is BuildSystem.AUTOTOOLS
    assert crashes(autotools_build, "/build/prog")


def test_the_fuzz_flavour_carries_coverage(autotools_build: Build) -> None:
    assert "__sancov" in symbols(host(autotools_build, "/build/prog"))
    assert "-DHAVE_CONFIG_H" in autotools_build.includes


def test_a_shipped_configure_works_after_losing_its_executable_bit(builder: Builder, autotools_build: Build) -> None:
    source = autotools_build.directory / "src"
    names = ("configure", "Makefile.in", "config.h.in", "aclocal.m4", *AUTOTOOLS)
    files = {name: (source / name).read_text(errors="surrogateescape") for name in names if (source / name).is_file()}
    helpers = {n: (source / n).read_text() for n in ("install-sh", "missing", "depcomp", "compile") if (source / n).is_file()}
    result = built(builder({**files, **helpers}))
    assert outputs(result) == {"/build/prog"}


def test_a_makefile_that_insists_on_gcc_gets_our_compiler(builder: Builder) -> None:
    result = built(builder({"Makefile": "CC = gcc-12\nprog: main.o\n\t$(CC) -static -s -o prog main.o\n", "main.c": MAIN}))
    assert outputs(result) == {"/src/prog"}
    assert crashes(result, "/src/prog")


def test_a_makefile_with_an_absolute_compiler_gets_ours_on_the_second_attempt(builder: Builder) -> None:
    result = built(builder({"Makefile": "CC = /usr/bin/gcc\nprog: main.c\n\t$(CC) -o prog main.c\n", "main.c": MAIN}))
    assert outputs(result) == {"/src/prog"}
    assert crashes(result, "/src/prog")


def test_a_default_goal_that_builds_nothing_is_followed_by_all(builder: Builder) -> None:
    makefile = "help:\n\t@echo say make all\nall: prog\nprog: main.o\n\tcc -o prog main.o\n"
    assert outputs(built(builder({"Makefile": makefile, "main.c": MAIN}))) == {"/src/prog"}


def test_one_broken_target_does_not_lose_the_others(builder: Builder) -> None:
    files = {
        "Makefile": "all: bad good\nbad: bad.c\n\tcc -o bad bad.c\ngood: good.c\n\tcc -o good good.c\n",
        "bad.c": "int main(void) { return nowhere; }\n",
        "good.c": MAIN,
    }
    result = built(builder(files))
    assert outputs(result) == {"/src/good"}
    (missing,) = result.incomplete
    assert missing.what == "proj: bad"
    assert "bad.c:1:" in missing.reason
    assert "nowhere" in missing.reason


def test_bare_sources_are_compiled_and_each_main_is_linked(builder: Builder) -> None:
    files = {
        "src/one.c": '#include "part.h"\n' + MAIN.replace("return", "return part() + far() +"),
        "src/two.c": "#include <math.h>\nint main(int c, char **v) { return (int)sin(c); }\n",
        "src/part.c": "int part(void) { return 0; }\n",
        "lib/far.c": "int far(void) { return 0; }\n",
        "include/part.h": "int part(void);\nint far(void);\n",
        "src/with space $HOME.c": "int main(void) { return 0; }\n",
        "src/target.cc": 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return 0; }\n',
    }
    result = built(builder(files))
    assert outputs(result) == {f"/build/bin/src/{n}" for n in ("one", "two", "with space _HOME", "target")}
    assert crashes(result, "/build/bin/src/one")
    assert len(result.archives) == 2


def test_sources_that_share_a_name_still_link(builder: Builder) -> None:
    files = {
        "main.c": "int used(void);\n" + MAIN.replace("return", "return used() +"),
        "used.c": "int used(void) { return 0; }\n",
        "x.c": "int same(void) { return 1; }\n",
        "y.c": "int same(void) { return 2; }\n",
    }
    assert outputs(built(builder(files))) == {"/build/bin/main"}


def test_old_c_builds(builder: Builder) -> None:
    files = {
        "Makefile": "prog: a.o b.o\n\tcc -o prog a.o b.o\n",
        "a.c": "int shared;\nmain(argc, argv) char **argv; { char *p = 5; helper(argc); return p == 0; }\n",
        "b.c": "int shared;\nstatic table[3];\nhelper(n) { table[0] = n; if (n) return; }\n",
    }
    assert outputs(built(builder(files))) == {"/src/prog"}


def test_a_32_bit_project_builds_in_every_flavour(builder: Builder) -> None:
    files = {"Makefile": "CFLAGS = -m32\nprog: main.o\n\tcc -m32 -o prog main.o\n", "main.c": MAIN}
    for flavour in Flavour:
        result = built(builder(files, flavour))
        assert host(result, "/src/prog").read_bytes()[4] == 1
        assert crashes(result, "/src/prog")
        assert "-m32" in result.includes


def test_the_afl_flavour_links_its_runtime_and_fuzz_targets_get_a_main(builder: Builder) -> None:
    target = "#include <stddef.h>\nint LLVMFuzzerTestOneInput(const unsigned char *d, size_t n) { return n && d[0] == 'x'; }\n"
    files = {
        "Makefile": "all: prog target\nprog: main.c\n\tcc -xc main.c -o prog\n"
        "target: target.c\n\t$(CXX) -fsanitize=address,fuzzer -x c target.c -o target\n",
        "main.c": MAIN,
        "target.c": target,
    }
    for flavour in Flavour:
        result = built(builder(files, flavour))
        assert outputs(result) == {"/src/prog", "/src/target"}
        assert ("__afl_map_size" in symbols(host(result, "/src/prog"))) == (flavour is Flavour.AFL)
    assert Path(AFL_RUNTIME).is_file()


def test_a_missing_header_names_the_error_and_the_package(builder: Builder) -> None:
    failure = failed(
        builder({"Makefile": "prog: main.c\n\tcc -o prog main.c\n", "main.c": "#include <openssl/nothere.h>\nint main(void){}\n"})
    )
    assert "main.c:1:10: fatal error: 'openssl/nothere.h' file not found" in failure.first_error
    assert "sudo apt install libssl-dev" in failure.hint
    assert "mithridate.toml" in failure.hint


def test_a_missing_package_of_cmake_falls_back_to_the_sources_and_says_so(builder: Builder) -> None:
    cmake = "cmake_minimum_required(VERSION 3.10)\nproject(x C)\nfind_package(Nowhere REQUIRED)\nadd_executable(prog main.c)\n"
    result = built(builder({"CMakeLists.txt": cmake, "main.c": MAIN}))
    assert result.component.system is BuildSystem.BARE
    assert outputs(result) == {"/build/bin/main"}
    assert "CMake Error" in result.incomplete[0].reason
    assert "libnowhere-dev" in result.incomplete[0].reason


def test_the_other_build_system_is_tried_when_the_first_fails(builder: Builder) -> None:
    files = {
        "CMakeLists.txt": "project(x C)\nmessage(FATAL_ERROR no)\n",
        "Makefile": "prog: main.o\n\tcc -o prog main.o\n",
        "main.c": MAIN,
    }
    result = built(builder(files))
    assert result.component.system is BuildSystem.MAKE
    assert outputs(result) == {"/src/prog"}


def test_the_owners_commands_replace_ours(builder: Builder) -> None:
    toml = '[[component]]\npath = "sub"\nbuild = "$CC $NAME.c -o /build/own"\nenv = { NAME = "main" }\n'
    result = built(builder({"mithridate.toml": toml, "sub/main.c": MAIN}))
    assert outputs(result) == {"/build/own"}
    assert crashes(result, "/build/own")


def test_a_second_build_is_the_first_one(builder: Builder) -> None:
    files = {"main.c": MAIN}
    first = built(builder(files))
    second = built(builder(files))
    assert (first.cached, second.cached) == (False, True)
    assert replace(second, cached=False) == first


def test_other_content_flavour_or_tools_are_another_build(tmp_path: Path, toolchain: Toolchain, builder: Builder) -> None:
    keys = {built(builder({"main.c": MAIN})).key, built(builder({"main.c": MAIN}, Flavour.FUZZ)).key}
    keys.add(built(builder({"main.c": MAIN + "\n"})).key)
    project, _ = take_snapshot(tmp_path / "proj", tmp_path / "snapshots")
    other = replace(toolchain, identity="another compiler")
    keys.add(built(build_component(project, detect(project)[0][0], Flavour.PLAIN, Bubblewrap(), tmp_path / "cache", other)).key)
    assert len(keys) == 4


def test_a_build_that_was_killed_is_done_again(builder: Builder) -> None:
    first = built(builder({"main.c": MAIN}))
    (first.directory / "build.json").unlink()
    (first.directory / "build/bin/main").write_bytes(b"half")
    again = built(builder({"main.c": MAIN}))
    assert not again.cached
    assert is_program(host(again, "/build/bin/main"))


def test_two_runs_at_once_build_once(tmp_path: Path, toolchain: Toolchain) -> None:
    (tmp_path / "proj").mkdir()
    (tmp_path / "proj/main.c").write_text(MAIN)
    project, _ = take_snapshot(tmp_path / "proj", tmp_path / "snapshots")
    (component,), _ = detect(project)
    results: list[Build] = []

    def run() -> None:
        results.append(built(build_component(project, component, Flavour.PLAIN, Bubblewrap(), tmp_path / "cache", toolchain)))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.cached for result in results) == [False, True, True]


def test_the_original_and_the_snapshot_are_never_written(tmp_path: Path, builder: Builder) -> None:
    built(
        builder(
            {"Makefile": "prog: main.c\n\techo spoilt > notes.txt\n\tcc -o prog main.c\n", "main.c": MAIN, "notes.txt": "kept"}
        )
    )
    assert {p.read_text() for p in tmp_path.glob("proj/notes.txt")} == {"kept"}
    assert {p.read_text() for p in tmp_path.glob("snapshots/*/notes.txt")} == {"kept"}


@pytest.mark.parametrize(
    ("recipe", "limits", "message"),
    [
        ("sleep 1000", BuildLimits(wall_s=2), "took longer than 2 s"),
        ("f() { f | f & wait; }; f", BuildLimits(wall_s=60, processes=64), "started more than 64 processes"),
        ("yes endless", BuildLimits(wall_s=60, output_bytes=1 << 16), "printed more than 1 MiB"),
        ("dd if=/dev/zero of=/build/full bs=1M count=400", BuildLimits(wall_s=60, disk_bytes=16 << 20), "wrote more than 16 MiB"),
    ],
)
def test_a_hostile_makefile_ends_at_its_limit(builder: Builder, recipe: str, limits: BuildLimits, message: str) -> None:
    failure = failed(builder({"Makefile": f"prog:\n\t{recipe}\n\tcc -o prog x\n", "x.c": "int x;\n"}, limits=limits))
    assert message in failure.first_error


def test_what_was_built_before_a_limit_is_kept(builder: Builder) -> None:
    makefile = "all: prog slow\nprog: main.c\n\tcc -o prog main.c\nslow: prog\n\tsleep 1000\n"
    result = built(builder({"Makefile": makefile, "main.c": MAIN}, limits=BuildLimits(wall_s=5)))
    assert outputs(result) == {"/src/prog"}
    assert "took longer than 5 s" in result.incomplete[0].reason


def test_a_large_project_is_copied_without_its_other_components(tmp_path: Path, toolchain: Toolchain) -> None:
    for name in ("one", "two"):
        (tmp_path / "proj" / name).mkdir(parents=True)
        (tmp_path / "proj" / name / "Makefile").write_text("prog: main.c ../shared.h\n\tcc -o prog main.c\n")
        (tmp_path / "proj" / name / "main.c").write_text('#include "../shared.h"\n' + MAIN)
    (tmp_path / "proj/shared.h").write_text("int shared;\n")
    project, _ = take_snapshot(tmp_path / "proj", tmp_path / "snapshots")
    components, _ = detect(project)
    large = replace(project, size_bytes=1 << 30)
    result = built(
        build_component(large, components[0], Flavour.PLAIN, Bubblewrap(), tmp_path / "cache", toolchain, neighbours=components)
    )
    assert outputs(result) == {"/src/one/prog"}
    assert not (result.directory / "src/two").exists()


def test_the_network_and_the_home_directory_are_out_of_reach(builder: Builder) -> None:
    makefile = (
        "prog: main.c\n\tif (echo > /dev/tcp/127.0.0.1/22) 2>/dev/null; then exit 1; fi\n"
        "\ttest ! -e /root/.profile && test ! -e /home || exit 1\n\tcc -o prog main.c\n"
    )
    assert outputs(built(builder({"Makefile": makefile, "main.c": MAIN}))) == {"/src/prog"}


def test_names_with_newlines_and_invalid_utf8_do_not_break_a_build(builder: Builder) -> None:
    def add(root: Path) -> None:
        for name in (b"new\nline.c", b"\xff.c"):
            Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_text("int main(void) { return 0; }\n")

    assert {"/build/bin/main", "/build/bin/_"} == outputs(built(builder({"main.c": MAIN}, edit=add)))


def test_a_program_that_is_a_link_out_of_the_build_is_not_a_product(builder: Builder) -> None:
    makefile = "prog: main.c\n\tcc -o prog main.c\n\tcc -o other main.c && rm other && ln -s /usr/bin/env other\n"
    assert outputs(built(builder({"Makefile": makefile, "main.c": MAIN}))) == {"/src/prog"}


def test_a_marker_from_another_version_is_no_build(tmp_path: Path) -> None:
    (tmp_path / "build.json").write_text(json.dumps({"component": {}, "links": []}))
    assert build_cache.read_marker(tmp_path) is None


def wrapped(tmp_path: Path, toolchain: Toolchain, script: str) -> str:
    """Run a script with the wrapper on PATH and `echo` for a compiler; what the compiler was given."""
    (tmp_path / "log").mkdir()
    mount = install_wrapper(tmp_path / "cache")
    env = compiler_env(Flavour.PLAIN, replace(toolchain, cc="/bin/echo", cxx="/bin/echo"))
    env["PATH"] = env["PATH"].replace(WRAPPER_DIRECTORY, str(mount.source))
    env["MITHRIDATE_LOG"] = str(tmp_path / "log")
    return subprocess.run(["/bin/sh", "-c", script], env=env, capture_output=True, text=True, check=True, cwd=tmp_path).stdout


def test_the_wrapper_drops_what_conflicts_and_keeps_the_rest(tmp_path: Path, toolchain: Toolchain) -> None:
    given = wrapped(
        tmp_path,
        toolchain,
        "gcc -Wall -Werror=all -D_FORTIFY_SOURCE=2 -fsanitize=thread -O2 -DX='a b' -o -s -c 'x y.c' -fipa-pta",
    )
    assert given.startswith("-Wall -O2 -DX=a b -o -s -c x y.c -g ")
    assert given.index("-O2") < given.index("-O1")


@pytest.mark.parametrize(("levels", "zeroed"), [("-O0", True), ("-O2 -O0", True), ("-O0 -O2", False), ("", False)])
def test_what_is_never_set_is_zero_where_the_project_wants_no_optimiser(
    tmp_path: Path, toolchain: Toolchain, levels: str, zeroed: bool
) -> None:
    given = wrapped(tmp_path, toolchain, f"gcc {levels} -c a.c; gcc {levels} a.c -o a")
    assert [("-ftrivial-auto-var-init=zero" in line) for line in given.splitlines()] == [zeroed, zeroed]


def test_the_wrapper_leaves_questions_alone(tmp_path: Path, toolchain: Toolchain) -> None:
    assert wrapped(tmp_path, toolchain, "x86_64-linux-gnu-g++-12 --verbose -O2") == "--verbose -O2\n"


def test_the_wrapper_records_arguments_with_any_bytes(tmp_path: Path, toolchain: Toolchain) -> None:
    wrapped(tmp_path, toolchain, "ccache gcc -c 'a\nb c.c' -DX='\"q\"' -o ''; printf x > log/broken")
    (call,) = read_calls(tmp_path / "log")
    assert call == Call("cc", str(tmp_path), ("-c", "a\nb c.c", '-DX="q"', "-o", ""))


def test_the_last_link_of_a_program_wins_and_probes_do_not_count() -> None:
    calls = [
        Call("cc", "/src", ("-o", "prog", "a.o")),
        Call("c++", "/src/sub", ("b.o", "-o", "../prog")),
        Call("cc", "/build", ("conftest.c", "-o", "conftest")),
        Call("cc", "/build/CMakeFiles/CMakeScratch/TryCompile-1", ("x.o", "-o", "cmTC_1")),
        Call("cc", "/src", ("-shared", "-o", "lib.so", "a.o")),
        Call("cc", "/src", ("-v",)),
    ]
    assert [(link.argv[0], link.output) for link in links(calls)] == [("c++", "/src/prog")]


def test_a_macro_of_one_file_is_not_a_macro_of_all() -> None:
    calls = [Call("cc", "/src/a", ("-I..", "-isystem", "x", "-DALL", f"-DONE_{n}", "-c", f"{n}.c")) for n in range(3)]
    assert include_flags(calls) == ("-I/src", "-isystem/src/a/x", "-DALL")


def test_the_wrapper_runs_in_the_sandbox_under_every_name(tmp_path: Path, toolchain: Toolchain) -> None:
    script = "for n in cc c++ gcc g++ clang clang++ gcc-9 x86_64-linux-gnu-gcc; do $n --version | head -n 1; done | sort -u"
    run = Bubblewrap().run(
        Command(argv=("/bin/sh", "-c", script), env=compiler_env(Flavour.PLAIN, toolchain)),
        (install_wrapper(tmp_path),),
        Limits(wall_s=30),
    )
    assert run.stdout.decode().splitlines() == [toolchain.versions["clang"]]


CMAKE_WITH_TESTS = """cmake_minimum_required(VERSION 3.10)
project(x C)
option(X_TESTS "build the tests" ON)
add_library(part STATIC part.c)
if(X_TESTS)
  add_executable(unit main.c)
endif()
"""


def test_tests_are_left_out_of_a_build_that_can_be_entered_without_them(builder: Builder) -> None:
    cmake = CMAKE_WITH_TESTS + "add_executable(tool main.c)\n"
    assert outputs(built(builder({"CMakeLists.txt": cmake, "main.c": MAIN, "part.c": "int part;"}))) == {"/build/tool"}


def test_tests_are_built_where_they_are_the_only_programs(builder: Builder) -> None:
    files = {"CMakeLists.txt": CMAKE_WITH_TESTS, "main.c": MAIN, "part.c": "int part;"}
    assert outputs(built(builder(files))) == {"/build/unit"}


def test_a_project_of_headers_with_a_fuzz_target_has_nothing_to_build_and_that_is_enough(builder: Builder) -> None:
    cmake = "cmake_minimum_required(VERSION 3.10)\nproject(x CXX)\nenable_testing()\nadd_subdirectory(test)\n"
    result = built(
        builder(
            {
                "CMakeLists.txt": cmake,
                "include/x.hpp": "",
                "test/CMakeLists.txt": "if(BUILD_TESTING)\n  add_executable(unit unit.cpp)\nendif()\n",
                "test/unit.cpp": "int main() {}",
                "test/fuzz.cpp": 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long) { return 0; }',
            }
        )
    )
    assert not result.links
    assert "-I/src/include" in result.includes


WITH_DATA = {
    "configure": "#!/bin/sh\nsed s,PREFIX,/usr/local,g Makefile.in >Makefile\n",
    "Makefile.in": 'prog: main.c\n\t$(CC) -DDATA=\\"PREFIX/share/prog/table\\" -o prog main.c\n'
    "install: prog\n\tmkdir -p $(DESTDIR)PREFIX/share/prog && echo 42 >$(DESTDIR)PREFIX/share/prog/table\n",
    "main.c": '#include <stdio.h>\nint main(void) { FILE *f = fopen(DATA, "r"); return f ? fgetc(f) : 1; }\n',
}


def run_built(result: Build, path: str) -> int | None:
    binary = Binary(flavour=Flavour.PLAIN, directory=result.directory, path=path, in_process=False)
    return Bubblewrap().run(Command(argv=(path,), env={"ASAN_OPTIONS": "detect_leaks=0"}), build_mounts(binary)).exit_code


def test_a_program_finds_the_data_files_that_its_project_installs(builder: Builder) -> None:
    assert run_built(built(builder(WITH_DATA)), "/src/prog") == ord("4")


def test_a_link_in_what_a_build_installed_is_not_followed_out_of_it(builder: Builder, tmp_path: Path) -> None:
    secret = tmp_path / "secret/share/prog"
    secret.mkdir(parents=True)
    (secret / "table").write_text("secret")
    wicked = WITH_DATA["Makefile.in"] + f"\tmv $(DESTDIR)PREFIX $(DESTDIR)PREFIX.old; ln -s {tmp_path}/secret $(DESTDIR)PREFIX\n"
    assert run_built(built(builder({**WITH_DATA, "Makefile.in": wicked})), "/src/prog") == 1
