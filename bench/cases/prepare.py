"""Lay out the vulnerable and the fixed trees of published flaws, outside the repository.

    python -m bench.cases.prepare --cases public-cases.json --mirrors DIR --out DIR [--only ID ...]

Needs git, patch, unifdef and, for Debian packages, apt and dpkg-source. Nothing of what it writes belongs into a commit.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.cases.challenges import drawn, prepare_challenge
from bench.cases.commits import prepare_commits
from bench.cases.fuzz_targets import prepare_fuzz_target
from bench.cases.juliet import CORPUS, prepare_juliet
from bench.cases.juliet import drawn as drawn_programs
from bench.cases.mirrors import Unobtainable, find_mirror
from bench.cases.packages import Archive, by_package, open_archive, prepare_package
from bench.cases.truth import Case, Published, read_case, read_published, write_case

Work = tuple[str, Callable[[Path], Case]]


def plan(published: list[Published], arguments: argparse.Namespace) -> Iterator[Work]:
    """(id, how to lay it out) of every case that we know how to lay out."""
    mirrors: Path = arguments.mirrors
    archives: list[Archive] = []

    def archive() -> Archive:
        if not archives:
            archives.append(open_archive(arguments.out / ".apt", arguments.releases))
        return archives[0]

    for case in published:
        if case.kind == "c-realcve-poc":
            yield case.id, lambda into, case=case: prepare_commits(case, mirrors, into)  # type: ignore[misc]
        elif case.kind == "c-libfuzzer-known-bug":
            yield case.id, lambda into, case=case: prepare_fuzz_target(case, mirrors, into)  # type: ignore[misc]
    for case in drawn(published, arguments.challenges):
        yield case.id, lambda into, case=case: prepare_challenge(case, mirrors, into, arguments.polls)  # type: ignore[misc]
    for name, files in drawn_programs(find_mirror(mirrors, CORPUS), arguments.juliet).items() if arguments.juliet else ():
        yield f"ju-{name}", lambda into, name=name, files=files: prepare_juliet(name, files, mirrors, into)  # type: ignore[misc]
    for package, cases in by_package(published).items():
        name = f"deb-{package.partition('=')[0]}"
        yield name, lambda into, package=package, cases=cases: prepare_package(package, cases, archive(), into)  # type: ignore[misc]


def lay_out(identity: str, how: Callable[[Path], Case], out: Path) -> str | None:
    """Make one case's folder anew; the reason when it cannot be made."""
    into = out / identity
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    try:
        case = how(into)
    except Unobtainable as error:
        shutil.rmtree(into)
        return str(error)
    write_case(case, into / "case.json")
    return None


def write_index(out: Path, missing: dict[str, str]) -> None:
    """`INDEX.md`: what is there, what is known about it, and what could not be laid out."""
    rows = ["| case | twins | known flaws | places | notes |", "|---|---|---|---|---|"]
    for path in sorted(out.glob("*/case.json")):
        case = read_case(path)
        flaws = ", ".join(t.cve or t.id for t in case.truths)
        count = sum(len(t.places) for t in case.truths)
        rows.append(f"| {case.id} | {'both' if case.fixed else 'vulnerable'} | {flaws} | {count} | {'; '.join(case.notes)} |")
    rows += ["", *(f"- not laid out: {name}: {reason}" for name, reason in sorted(missing.items()))]
    (out / "INDEX.md").write_text("# Prepared cases\n\n" + "\n".join(rows) + "\n")


def main(argv: list[str] | None = None) -> int:
    """Command line; 1 when some case could not be laid out."""
    parser = argparse.ArgumentParser(prog="python -m bench.cases.prepare", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=Path, required=True, help="the list of published flaws")
    parser.add_argument("--mirrors", type=Path, required=True, help="folder with one git mirror a repository (owner+name)")
    parser.add_argument("--out", type=Path, required=True, help="where the trees go")
    parser.add_argument("--only", nargs="*", default=[], metavar="ID", help="only cases whose id starts so")
    parser.add_argument("--challenges", type=int, default=20, help="how many CGC challenges to draw (default 20)")
    parser.add_argument("--polls", type=int, default=0, metavar="N", help="so many polls of each as its tests (default 0)")
    parser.add_argument("--juliet", type=int, default=0, metavar="N", help="so many Juliet programs of each weakness (default 0)")
    parser.add_argument("--releases", nargs="*", default=["bookworm", "bullseye"], help="Debian releases to take packages from")
    arguments = parser.parse_args(argv)
    arguments.out = arguments.out.resolve()
    arguments.out.mkdir(parents=True, exist_ok=True)
    missing: dict[str, str] = {}
    for identity, how in plan(read_published(arguments.cases), arguments):
        if arguments.only and not identity.startswith(tuple(arguments.only)):
            continue
        reason = lay_out(identity, how, arguments.out)
        print(f"{identity}: {reason or 'ready'}", file=sys.stderr)
        if reason:
            missing[identity] = reason
        write_index(arguments.out, missing)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
