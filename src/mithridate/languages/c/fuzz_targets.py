"""Finds the fuzz targets that a project ships (LLVMFuzzerTestOneInput) and what they have to be linked with."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from mithridate.languages.c.detect import is_other_peoples
from mithridate.languages.c.doors import Doors, host_path, is_fuzz_link
from mithridate.languages.c.elf import Image
from mithridate.languages.c.sources import SOURCES, defines_fuzz_target, defines_main
from mithridate.languages.c.walk import head
from mithridate.model.entry import EntryPoint
from mithridate.model.project import Build, Component, Flavour, Skipped

_TEXT = 1 << 20
MAX_TARGETS = 60


def fuzz_targets(doors: Doors, component: Component, sources: Sequence[Path], tree: Path) -> list[EntryPoint]:
    """The project's own fuzz targets: those that its build links, then those that it only ships as source."""
    builds = doors.builds
    found: list[EntryPoint] = []
    linked: set[str] = set()
    for link in builds[Flavour.PLAIN].links:
        if is_fuzz_link(link):
            entry = doors.linked_target(link)
            if entry is not None:
                found.append(entry)
                linked |= {PurePosixPath(word).stem.partition(".")[0] for word in (*link.argv, link.output)}
    shipped = [path for path in sources if _is_target(path, tree, component) and path.stem not in linked]
    if not component.harnesses:
        shipped, others = _without_other_peoples(shipped, tree / component.path)
        reason = "a fuzz target in a place for other people's code; name it under harnesses in mithridate.toml to include it"
        doors.skipped += [Skipped(what=str(path.relative_to(tree)), reason=reason) for path in others]
    needed = {flavour: _needed(build) for flavour, build in builds.items()}

    def made(path: Path) -> EntryPoint | None:
        return doors.fuzz_target(f"/src/{path.relative_to(tree)}", path.stem, needed)

    with ThreadPoolExecutor(doors.jobs) as pool:
        found += [entry for entry in pool.map(made, shipped[:MAX_TARGETS]) if entry is not None]
    return found


def _without_other_peoples(targets: Sequence[Path], root: Path) -> tuple[list[Path], list[Path]]:
    """The project's own fuzz targets, and those that came with what it bundles (all are its own when there are no others)."""
    others = [path for path in targets if is_other_peoples(str(path.relative_to(root)))]
    own = [path for path in targets if path not in others]
    return (own, others) if own else (list(targets), [])


def _is_target(path: Path, tree: Path, component: Component) -> bool:
    if component.harnesses:
        return any(fnmatch(str(path.relative_to(tree)), pattern) for pattern in component.harnesses)
    return defines_fuzz_target(head(path, _TEXT).decode("utf-8", "replace"))


def _needed(build: Build) -> tuple[str, ...]:
    """Link arguments that give a fuzz target the project's code: archives, else objects of programs, and libraries."""
    libraries = dict.fromkeys(w for link in build.links for w in link.argv if w.startswith(("-l", "-L")) and len(w) > 2)
    code = build.archives or tuple(_objects(build))
    if not code:
        return tuple(libraries)
    return ("-Wl,--start-group", *code, "-Wl,--end-group", *libraries)


def _objects(build: Build) -> Mapping[str, None]:
    """Objects and sources that the programs are linked from, but for those with a main() or a fuzz target of their own."""
    found: dict[str, None] = {}
    for link in build.links:
        for word in link.argv[1:]:
            inside = str(PurePosixPath(link.cwd) / word)
            host = host_path(build, inside)
            if word.startswith("-") or not host.is_file():
                continue
            if word.endswith(SOURCES):
                text = head(host, _TEXT).decode("utf-8", "replace")
                if not defines_main(text) and not defines_fuzz_target(text):
                    found[inside] = None
            elif word.endswith(".o") and not _starts(host):
                found[inside] = None
    return found


def _starts(path: Path) -> bool:
    """True when an object file defines main() or a fuzz target."""
    return bool({b"main", b"LLVMFuzzerTestOneInput"} & Image.load(path).defined_functions())
