"""fuzzer-test-suite: pinned upstream sources with a fuzz target each; nobody published fixed twins."""

import re
from pathlib import Path

from bench.cases.mirrors import Mirror, Unobtainable, find_mirror
from bench.cases.trees import finish
from bench.cases.truth import Case, Place, Published, Truth

CORPUS = "google/fuzzer-test-suite"


def prepare_fuzz_target(case: Published, mirrors: Path, into: Path) -> Case:
    """Lay out the pinned sources, and the suite's target, dictionary and seeds below `fuzz/`, without its crashing inputs."""
    corpus = find_mirror(mirrors, CORPUS)
    folder = case.id.removeprefix("fts-")
    tree, notes = into / "vulnerable", list[str]()
    main, *others = _sources(corpus.text(f"{folder}/build.sh"), mirrors)
    for number, (mirror, revision, place) in enumerate([main, *others]):
        if isinstance(mirror, str):
            if number == 0:
                raise Unobtainable(mirror)
            notes.append(f"left out: {mirror}")
            continue
        absent = mirror.extract(tree / (place if number else ""), revision=revision)
        notes += [f"not in the mirror: {name}" for name in absent]
    kept = re.compile(r"[^/]+\.(c|cc|h|dict)|seeds/.+")
    for name in corpus.names(folder):
        inside = name.removeprefix(f"{folder}/")
        if kept.fullmatch(inside):
            path = tree / "fuzz" / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(corpus.git("show", f"HEAD:{name}"))
    finish(tree)
    function = case.text("function").partition(" ")[0]
    places = (Place(file="", function=function),) if function not in ("", "assertion", "leak") else ()
    truth = Truth(id=case.id, cwe=case.cwe, cve=case.text("cve"), places=places, origin="published function")
    return Case(id=case.id, kind=case.kind, vulnerable=tree, fixed=None, truths=(truth,), notes=tuple(notes))


def _sources(script: str, mirrors: Path) -> list[tuple[Mirror | str, str, str]]:
    """(mirror, or why there is none; revision; folder) of each source that the suite's build script downloads."""
    found: list[tuple[Mirror | str, str, str]] = []
    for url, revision, folder in re.findall(r"get_git_\w+\s+(\S+)\s+(\S+)\s+(\S+)", script):
        found.append((_mirror_or_reason(mirrors, url), revision, folder.lower()))
    for name, version in re.findall(r"\bwget\s+\S*/([\w-]+?)-(\d[\d.]*\d)\.tar", script):
        named = sorted(p.name for p in mirrors.iterdir() if re.split(r"[+_/]", p.name)[-1] == name)
        known = _mirror_or_reason(mirrors, named[0].replace("+", "/")) if named else f"no mirror of {name}"
        found.append((known, f"v{version}", name))
    if not found:
        raise Unobtainable("the suite takes this source from a place that is no git repository")
    return found


def _mirror_or_reason(mirrors: Path, name: str) -> Mirror | str:
    try:
        return find_mirror(mirrors, name)
    except Unobtainable as error:
        return str(error)
