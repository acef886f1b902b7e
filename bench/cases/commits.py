"""VulnLoc: real flaws of libraries, each a vulnerable and a fixed commit of the upstream repository."""

import re
import shutil
from pathlib import Path

from bench.cases.mirrors import Unobtainable, find_mirror
from bench.cases.places import enclosing_function, twin_places
from bench.cases.trees import apply_patch, finish, without_context
from bench.cases.truth import Case, Place, Published, Truth

CORPUS = "nus-apr/vulnloc-benchmark"


def prepare_commits(case: Published, mirrors: Path, into: Path) -> Case:
    """Lay out both commits; where the corpus fixes by a patch of its own, the vulnerable tree with that patch."""
    corpus = find_mirror(mirrors, CORPUS)
    _, project, bug = case.id.split("-", 2)
    folder = f"{project}/{bug}"
    url = re.search(r"^project_url=(\S+)", corpus.text(f"{folder}/setup.sh"), re.MULTILINE)
    if not url:
        raise Unobtainable(f"{folder}/setup.sh names no upstream repository")
    upstream = find_mirror(mirrors, url[1])
    vulnerable, fixed = into / "vulnerable", into / "fixed"
    notes = upstream.extract(vulnerable, revision=case.text("vulnerable").removeprefix("commit "))
    if case.text("fixed").startswith("commit "):
        notes += upstream.extract(fixed, revision=case.text("fixed").removeprefix("commit "))
    else:
        shutil.copytree(vulnerable, fixed, symlinks=True)
        patch = corpus.text(f"{folder}/dev-patch/fix.patch")
        if not apply_patch(patch, fixed) and not apply_patch(without_context(patch), fixed):
            raise Unobtainable(f"{folder}/dev-patch/fix.patch does not apply")
        notes.append("fixed by the corpus's patch")
    for tree in (vulnerable, fixed):
        finish(tree)
    truth = Truth(
        id=case.id,
        cwe=case.cwe,
        cve=case.text("cve"),
        places=(*_published_places(case, vulnerable), *twin_places(vulnerable, fixed)),
        origin="published line, and the difference between the twins",
    )
    return Case(id=case.id, kind=case.kind, vulnerable=vulnerable, fixed=fixed, truths=(truth,), notes=tuple(notes))


def _published_places(case: Published, tree: Path) -> list[Place]:
    """The published lines, with the functions around them; the published function is often a callee such as memcpy."""
    found = []
    for file in case.files[:1]:
        lines = (tree / file).read_text(errors="replace").splitlines() if (tree / file).is_file() else []
        for number in case.lines:
            found.append(Place(file=file, function=enclosing_function(lines, number), line=number, end=number))
        if case.text("function") and any(case.text("function") in line for line in lines):
            found.append(Place(file=file, function=case.text("function")))
    return found
