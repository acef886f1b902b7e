import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from bench.cases.challenges import drawn
from bench.cases.mirrors import Unobtainable, find_mirror
from bench.cases.packages import Archive, _series, _source_lines, prepare_package
from bench.cases.prepare import main
from bench.cases.truth import Published, read_case

NEEDS_UNIFDEF = pytest.mark.skipif(not shutil.which("unifdef"), reason="unifdef is not installed")
NEEDS_DPKG = pytest.mark.skipif(not shutil.which("dpkg-source"), reason="dpkg-source is not installed")
ENV = os.environ | {f"GIT_{w}_{k}": v for w in ("AUTHOR", "COMMITTER") for k, v in (("NAME", "n"), ("EMAIL", "e@e"))}
SMALL = "int f(int a)\n{\n    return a;\n}\n"


def mirror(directory: Path, name: str, *versions: dict[str, str]) -> list[str]:
    """A git mirror with one commit a version; their hashes."""
    work, commits = directory / "work", list[str]()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    subprocess.run(["git", "init", "-q"], cwd=work, check=True)
    for files in versions:
        for path, text in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            if text.startswith("-> "):
                (work / path).symlink_to(text[3:])
            else:
                (work / path).write_text(text)
        subprocess.run(["git", "add", "-A"], cwd=work, check=True)
        subprocess.run(["git", "commit", "-qm", "c"], cwd=work, check=True, env=ENV)
        commits.append(subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=work, text=True).strip())
    (directory / name).mkdir(parents=True)
    shutil.move(work / ".git", directory / name / "repo")
    return commits


def prepare(tmp_path: Path, *cases: dict[str, object]) -> int:
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    arguments = ["--cases", str(tmp_path / "cases.json"), "--mirrors", str(tmp_path / "mirrors"), "--out", str(tmp_path / "out")]
    return main(arguments)


def test_a_commit_pair_becomes_two_trees_without_history_or_change_log(tmp_path: Path) -> None:
    fixed = SMALL.replace("return a", "return a + 1")
    files = {"lib/a.c": SMALL, "ChangeLog": "fixed a bug in f"}
    old, new = mirror(tmp_path / "mirrors", "own+lib", files, {"lib/a.c": fixed})
    mirror(tmp_path / "mirrors", "nus-apr+vulnloc-benchmark", {"lib/CVE-1/setup.sh": "project_url=https://host/own/lib.git\n"})
    case = {"id": "vl-lib-CVE-1", "kind": "c-realcve-poc", "cwe": "CWE-787/125", "file": "lib/a.c", "line": [3]}
    assert prepare(tmp_path, case | {"vulnerable": f"commit {old[:7]}", "fixed": f"commit {new}"}) == 0
    done = read_case(tmp_path / "out" / "vl-lib-CVE-1" / "case.json")
    assert done.fixed
    assert [(t / "lib" / "a.c").read_text() for t in (done.vulnerable, done.fixed)] == [SMALL, fixed]
    assert (done.vulnerable / "ChangeLog").read_text() == ""
    assert not (done.vulnerable / ".git").exists()
    assert {(p.function, p.line) for p in done.truths[0].places} == {("f", 3)}
    assert done.truths[0].cwe == (787, 125)


CHALLENGE = """int main(void)
{
#ifdef PATCHED_1
    return 0;
#else
    return 1;
#endif
}
"""
ROOT = """cmake_minimum_required(VERSION 3.1)
project(challenge_sets C CXX)
add_executable(${target} ${cb_all_src})
add_executable(${target}_patched ${cb_all_src})
set_target_properties(${target}_patched PROPERTIES
    A ${B})
"""


@NEEDS_UNIFDEF
def test_a_challenge_stands_alone_and_shows_neither_patch_nor_exploit(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": ROOT,
        "LICENSE": "l",
        "exclude/linux.txt": "",
        "include/CMakeLists.txt": "add_library(cgc a.c)\nadd_subdirectory(libpov)\n",
        "include/libpov/pov.c": "",
    }
    for name in ("One", "Two"):
        files |= {f"challenges/{name}/{f}": "the answer" for f in ("README.md", "pov_1/pov.c", "poller/p.xml")}
        files |= {f"challenges/{name}/src/main.c": CHALLENGE}
        files |= {f"challenges/{name}/CMakeLists.txt": 'set( VULN_COUNT "2" )\nbuildCB()\n'}
    mirror(tmp_path / "mirrors", "trailofbits+cb-multios", files)
    assert prepare(tmp_path, {"id": "cb-One", "kind": "c-cgc-challenge", "cwe": "CWE-121"}) == 0
    done = read_case(tmp_path / "out" / "cb-One" / "case.json")
    assert done.fixed
    text = "".join(p.read_text() for p in done.vulnerable.rglob("*") if p.is_file())
    for giveaway in ("PATCHED", "patched", "the answer", "VULN_COUNT", "libpov"):
        assert giveaway not in text
    assert "-m32" in (done.vulnerable / "CMakeLists.txt").read_text()
    assert not (done.vulnerable / "challenges" / "Two").exists()
    main_c = Path("challenges/One/src/main.c")
    assert "return 1" in (done.vulnerable / main_c).read_text()
    assert "return 0" in (done.fixed / main_c).read_text()
    assert done.truths[0].places[0].function == "main"


@NEEDS_UNIFDEF
def test_a_challenge_whose_patches_are_measured_has_its_polls_as_tests(tmp_path: Path) -> None:
    poll = "<pov><replay><write><data>a</data></write><read><match><data>b</data></match></read></replay></pov>"
    files = {
        "CMakeLists.txt": ROOT,
        "LICENSE": "l",
        "exclude/linux.txt": "",
        "include/CMakeLists.txt": "",
        "include/libpov/p.c": "",
    }
    files |= {f"challenges/One/poller/for-release/POLL_0000{n}.xml": poll for n in range(3)}
    files |= {"challenges/One/src/main.c": CHALLENGE, "challenges/One/CMakeLists.txt": "buildCB()\n"}
    mirror(tmp_path / "mirrors", "trailofbits+cb-multios", files)
    (tmp_path / "cases.json").write_text(json.dumps([{"id": "cb-One", "kind": "c-cgc-challenge", "cwe": "CWE-121"}]))
    given = ["--cases", str(tmp_path / "cases.json"), "--mirrors", str(tmp_path / "mirrors"), "--out", str(tmp_path / "out")]
    assert main([*given, "--polls", "2"]) == 0
    tree = tmp_path / "out" / "cb-One" / "vulnerable"
    assert sorted(p.name for p in (tree / "polls").iterdir()) == ["0.in", "0.told", "1.in", "1.told", "run.py"]
    assert "enable_testing()" in (tree / "CMakeLists.txt").read_text()
    assert (tree / "challenges" / "One" / "CMakeLists.txt").read_text().count("add_test(NAME poll-") == 2
    assert not (tree / "challenges" / "One" / "poller").exists()


def test_challenges_are_drawn_by_the_hash_of_their_ids() -> None:
    cases = [Published(f"cb-{n}", "c-cgc-challenge") for n in range(50)] + [Published("other", "c-realcve-poc")]
    chosen = [c.id for c in drawn(cases, 20)]
    assert len(chosen) == 20
    assert chosen == sorted((c.id for c in cases[:50]), key=lambda i: hashlib.sha256(i.encode()).hexdigest())[:20]
    assert [c.id for c in drawn(reversed(cases), 20)] == chosen


def test_a_fuzz_target_gets_its_pinned_source_and_seeds_but_no_crashing_input(tmp_path: Path) -> None:
    old, _ = mirror(tmp_path / "mirrors", "own+lib", {"a.c": SMALL}, {"a.c": "newer"})
    suite = {
        "build.sh": f"get_git_revision https://host/own/lib.git {old} SRC\n",
        "target.cc": "t",
        "seeds/s": "s",
        "crash-1": "x",
    }
    mirror(tmp_path / "mirrors", "google+fuzzer-test-suite", {f"lib-1/{k}": v for k, v in suite.items()})
    assert prepare(tmp_path, {"id": "fts-lib-1", "kind": "c-libfuzzer-known-bug", "cwe": "CWE-416", "function": "f"}) == 0
    tree = tmp_path / "out" / "fts-lib-1" / "vulnerable"
    assert {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file()} == {"a.c", "fuzz/target.cc", "fuzz/seeds/s"}
    assert (tree / "a.c").read_text() == SMALL


def test_a_missing_mirror_is_named_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mirrors").mkdir()
    assert prepare(tmp_path, {"id": "vl-lib-CVE-1", "kind": "c-realcve-poc"}) == 1
    assert "no mirror of nus-apr/vulnloc-benchmark" in (tmp_path / "out" / "INDEX.md").read_text()
    assert not (tmp_path / "out" / "vl-lib-CVE-1").exists()


def test_a_file_that_the_mirror_lists_but_lacks_is_reported_and_links_stay_links(tmp_path: Path) -> None:
    mirror(tmp_path, "own+lib", {"a.c": SMALL, "big.bin": "big", "link": "-> a.c"})
    git = find_mirror(tmp_path, "https://host/own/lib.git")
    blob = git.git("rev-parse", "HEAD:big.bin").decode().strip()
    (git.git_directory / "objects" / blob[:2] / blob[2:]).unlink()
    assert git.extract(tmp_path / "tree") == ["big.bin"]
    assert (tmp_path / "tree" / "link").readlink() == Path("a.c")
    assert (tmp_path / "tree" / "link").read_text() == SMALL


def test_source_lines_come_from_the_systems_own_sources_of_that_release(tmp_path: Path) -> None:
    (tmp_path / "apt" / "sources.list.d").mkdir(parents=True)
    (tmp_path / "os-release").write_text("VERSION_CODENAME=bookworm\n")
    (tmp_path / "apt" / "sources.list").write_text("deb [arch=amd64 signed-by=/k] http://host/debian bookworm main\n")
    stanza = "Types: deb\nURIs: http://host/sec\nSuites: bookworm-security bookworm-updates other\nComponents: main\n"
    (tmp_path / "apt" / "sources.list.d" / "s.sources").write_text(f"{stanza}\n{stanza.replace('main', 'contrib')}")
    assert sorted(_source_lines(["bookworm", "bullseye"], tmp_path)) == [
        "deb-src [signed-by=/k] http://host/debian bookworm main",
        "deb-src [signed-by=/k] http://host/debian bullseye main",
        "deb-src http://host/sec bookworm-security main",
        "deb-src http://host/sec bookworm-updates main",
        "deb-src http://host/sec bullseye-security main",
    ]


def test_a_series_may_hold_comments_and_strip_levels(tmp_path: Path) -> None:
    (tmp_path / "series").write_text("# head\na.patch\nb.patch -p0 # why\n\n")
    assert list(_series(tmp_path)) == [("a.patch", 1), ("b.patch", 0)]


CONTROL = "Source: pkg\nMaintainer: n <e@e>\n\nPackage: pkg\nArchitecture: any\nDescription: d\n"
CHANGELOG = "pkg (1:2.0-3) unstable; urgency=low\n\n  * x\n\n -- n <e@e>  Mon, 01 Jan 2024 00:00:00 +0000\n"


class LocalArchive(Archive):
    """A package archive that holds what lies in its download folder."""

    def run(self, tool: str, *arguments: str) -> str:
        return "Version: 1:2.0-3\n" if tool == "apt-cache" else ""


@NEEDS_DPKG
def test_a_package_lacks_its_cve_patches_on_one_side_only(tmp_path: Path) -> None:
    source = tmp_path / "pkg-2.0"
    debian = source / "debian"
    (debian / "patches").mkdir(parents=True)
    (debian / "source").mkdir()
    (source / "a.c").write_text(SMALL)
    archive = LocalArchive((), tmp_path)
    subprocess.run(["tar", "czf", "pkg_2.0.orig.tar.gz", "--exclude=debian", "pkg-2.0"], cwd=tmp_path, check=True)
    change = "--- a/a.c\n+++ b/a.c\n@@ -1,4 +1,4 @@\n int f(int a)\n {\n-    return a;\n+    return 0;\n }\n"
    style = "--- a/b.c\n+++ b/b.c\n@@ -0,0 +1 @@\n+int b;\n"
    (debian / "patches" / "fix.patch").write_text(change)
    (debian / "patches" / "style.patch").write_text(style)
    (debian / "patches" / "series").write_text("style.patch\nfix.patch\n")
    (debian / "source" / "format").write_text("3.0 (quilt)\n")
    (debian / "control").write_text(CONTROL)
    (debian / "changelog").write_text(CHANGELOG)
    subprocess.run(["dpkg-source", "-b", "pkg-2.0"], cwd=tmp_path, check=True, capture_output=True)
    facts = {"patch": ["fix.patch"], "cve": "CVE-1"}
    done = prepare_package("pkg=2.0-3", [Published("deb-pkg-CVE-1", "c-debian-cve-patch", facts)], archive, tmp_path / "out")
    assert done.fixed
    assert [(t / "a.c").read_text() == SMALL for t in (done.vulnerable, done.fixed)] == [True, False]
    assert all((t / "b.c").is_file() and not (t / "debian").exists() for t in (done.vulnerable, done.fixed))
    assert [(p.file, p.function, p.line) for p in done.truths[0].places] == [("a.c", "f", 3)]


@NEEDS_DPKG
def test_a_version_that_the_archive_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unobtainable, match=r"the archive has 1:2\.0-3"):
        prepare_package("pkg=9.9-1", [], LocalArchive((), tmp_path), tmp_path / "out")
