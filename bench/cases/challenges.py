"""DARPA CGC challenges as ported to Linux: one challenge a tree, with `PATCHED` resolved either way."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.cases.mirrors import Unobtainable, find_mirror
from bench.cases.places import SOURCE_SUFFIXES, twin_places
from bench.cases.polls import add_polls
from bench.cases.trees import finish
from bench.cases.truth import Case, Published, Truth

CORPUS = "trailofbits/cb-multios"
SHARED = ("CMakeLists.txt", "LICENSE", "exclude", "include")
ANSWERS = ("README.md", "poller", "pov_*", "support")


def drawn(cases: Iterable[Published], count: int) -> list[Published]:
    """The first `count` challenges in the order of the SHA-256 of their ids, reproduced or not."""
    challenges = [c for c in cases if c.kind == "c-cgc-challenge"]
    return sorted(challenges, key=lambda c: hashlib.sha256(c.id.encode()).hexdigest())[:count]


def prepare_challenge(case: Published, mirrors: Path, into: Path, polls: int = 0) -> Case:
    """Lay out the corpus with this challenge alone, without its description, its traffic and its exploits.

    With `polls` so much of its traffic becomes its tests, for patches: to a hunt it would give half of the answer.
    """
    name = case.id.removeprefix("cb-")
    corpus = find_mirror(mirrors, CORPUS)
    vulnerable, fixed = into / "vulnerable", into / "fixed"
    absent = corpus.extract(vulnerable, *SHARED, f"challenges/{name}")
    challenge = vulnerable / "challenges" / name
    for pattern in ANSWERS:
        for path in challenge.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(vulnerable / "include" / "libpov")
    _simplify_build(vulnerable, challenge)
    if polls:
        add_polls(corpus, name, vulnerable, polls)
    shutil.copytree(vulnerable, fixed, symlinks=True)
    _resolve_patched(vulnerable / "challenges", defined=False)
    _resolve_patched(fixed / "challenges", defined=True)
    for tree in (vulnerable, fixed):
        finish(tree)
    truth = Truth(
        id=case.id, cwe=case.cwe, places=twin_places(vulnerable, fixed), origin="the difference between the twins (PATCHED)"
    )
    if not truth.places:
        raise Unobtainable(f"{case.id}: the twins do not differ")
    notes = tuple(f"not in the mirror: {n}" for n in absent if not any(Path(n).match(f"{a}/*") for a in ANSWERS))
    return Case(id=case.id, kind=case.kind, vulnerable=vulnerable, fixed=fixed, truths=(truth,), notes=notes)


def _resolve_patched(folder: Path, *, defined: bool) -> None:
    """Keep one side of every condition on PATCHED or PATCHED_n."""
    if shutil.which("unifdef") is None:
        raise Unobtainable("unifdef is not installed: apt-get install unifdef")
    for path in folder.rglob("*"):
        if path.suffix not in SOURCE_SUFFIXES or b"PATCHED" not in path.read_bytes():
            continue
        names = sorted(set(re.findall(rb"\bPATCHED(?:_\d+)?\b", path.read_bytes())))
        flags = [f"-{'D' if defined else 'U'}{n.decode()}" for n in names]
        done = subprocess.run(["unifdef", "-m", *flags, path], capture_output=True, check=False)
        if done.returncode not in (0, 1):  # 1: something changed
            raise Unobtainable(f"unifdef {path.name}: {done.stderr.decode(errors='replace').strip()}")


def _simplify_build(tree: Path, challenge: Path) -> None:
    """One program a challenge instead of a vulnerable and a patched one, and 32-bit by itself rather than by a toolchain file."""
    root = tree / "CMakeLists.txt"
    text = _without_commands(root.read_text(), lambda c: "_patched" in c or "patch_defs" in c)
    head, project, tail = text.partition("project(challenge_sets C CXX)\n")
    if not project:
        raise Unobtainable("the corpus's CMakeLists.txt is not as expected")
    flags = (
        "add_compile_options(-m32)\nadd_definitions(-DX32_COMPILE)\n"
        + "".join(f'set(CMAKE_{k}_LINKER_FLAGS "${{CMAKE_{k}_LINKER_FLAGS}} -m32")\n' for k in ("EXE", "SHARED", "MODULE"))
    )  # fmt: skip
    root.write_text(head + project + flags + tail)
    for path in (challenge / "CMakeLists.txt", tree / "include" / "CMakeLists.txt"):
        path.write_text(_without_commands(path.read_text(), lambda c: "VULN_COUNT" in c or "POLLS_" in c or "libpov" in c))


def _without_commands(text: str, unwanted: Callable[[str], bool]) -> str:
    """A CMake file without the one-command statements for which `unwanted` says yes."""
    statement = re.compile(r"^[ \t]*\w+[ \t]*\((?:[^()#]|\([^()]*\))*\)[ \t]*\n", re.MULTILINE)
    keep = re.compile(r"\s*(function|endfunction|if|else|elseif|endif|foreach|endforeach)\b", re.IGNORECASE)
    return statement.sub(lambda m: m[0] if keep.match(m[0]) or not unwanted(m[0]) else "", text)
