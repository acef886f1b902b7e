"""Estates: files → facts → the answer to a question. Reading, matching and solving meet here."""

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mithridate.estate.asking import Estate
from mithridate.estate.checker import check
from mithridate.estate.facts import FactBase
from mithridate.estate.identity import identify
from mithridate.estate.matching import match
from mithridate.estate.readers import registry
from mithridate.estate.rules.rulebase import own_pack, own_packs, read_pack, rulebase
from mithridate.estate.zoning import zone
from mithridate.model.errors import MithridateError, NothingToAnalyse, PolicyRefusal, UsageError
from mithridate.model.estate import Answer, BrokenRecord, Certificate, Question, Reading
from mithridate.policy.audit import AuditLog
from mithridate.policy.scope import SCOPE_FILE, Scope, init_command, load, scope_path
from mithridate.report.estate import certificate as certificates
from mithridate.report.estate import explorer, json_v1, markdown, navigator
from mithridate.report.words import count
from mithridate.stages import drafts
from mithridate.stages.shortage import comes_of_shortage, full, told_when_short
from mithridate.store.space import comes_of_full_disk

_HASHED_BYTES = 1 << 20
_FEW_CHANGES = 5
_MOST_CHANGES = 1000
_ELSEWHERE = "choose another directory with --out"
_WRITERS: dict[str, Callable[[Answer], str]] = {
    "paths.json": json_v1.render,
    "paths.html": explorer.render,
    "paths.md": markdown.render,
    "navigator.json": navigator.render,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateOptions:
    """`files` are paths, or READER:PATH; a directory stands for all files in it that some reader recognises. `packs` are names of
    own packs (empty: all), `rules` files of further ones. With `patched`, proved flaws that have a validated patch are taken as
    mended. `memory_bytes` is what tables may take before they spill to disk."""

    files: tuple[str, ...]
    packs: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    patched: bool = False
    memory_bytes: int = 4 << 30
    threads: int = 0


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    reader: str | None = None
    chosen: bool = field(default=True)
    """Named by the user; a file of a directory is passed over when no reader knows it."""


def ask(options: EstateOptions, question: Question, scope: Path | None, home: Path) -> Answer:
    """Read the files and answer. PolicyRefusal when no scope covers a file; UsageError for files, packs or nodes that cannot be
    used; NothingToAnalyse when no file gave a fact."""
    with opened(options, scope, home, question.starts + question.blast) as estate:
        return estate.ask(question)


def question(
    starts: Sequence[str],
    goals: Sequence[str],
    *,
    paths: int = 3,
    changes: int | None = None,
    spend: float | None = None,
    without: Sequence[str] = (),
    blast: Sequence[str] = (),
    assume: bool = False,
    seconds: float = 60.0,
) -> Question:
    """The question of `mithridate paths`: the few best changes, or with `spend` any number that costs no more together."""
    return Question(
        starts=tuple(starts),
        goals=tuple(goals),
        paths=paths,
        changes=changes or (_FEW_CHANGES if spend is None else _MOST_CHANGES),
        budget=math.inf if spend is None else spend,
        without=tuple(without),
        blast=tuple(blast),
        assume=assume,
        seconds=seconds,
    )


def contents(estate: Estate) -> list[tuple[str, str, int]]:
    """What can be asked about: (what, name, how many) of tags, kinds of nodes and facts."""
    summary = estate.summary()
    rows = [("tag", f"tag:{name}", count) for name, count in estate.tags()]
    rows += [("kind", kind, count) for kind, count in summary.nodes]
    return rows + [("fact", name, count) for name, count in summary.facts]


@contextmanager
def opened(
    options: EstateOptions,
    scope: Path | None,
    home: Path,
    starts: Sequence[str] = (),
    require: Callable[[Scope], None] = lambda _: None,
) -> Iterator[Estate]:
    """The estate of some files. Errors as `ask` raises them; OutOfSpace when disk or memory do not suffice, then or later.

    `require` is asked about the scope of each file before any is read, and raises what it has against it: below a directory,
    files may have scopes of their own.
    """
    with told_when_short(home):
        files = list(_files(options.files))
        covered = [permitted(file.path, scope) for file in files]
        for permission in covered:
            require(permission)
        audit = AuditLog(home)
        for file, permission in zip(files, covered, strict=True):
            audit.append("estate.read", "", file=str(file.path), sha256=_digest(file.path), scope=str(permission.file or ""))
        packs = [own_pack(name) for name in dict.fromkeys(("base", *(options.packs or own_packs())))]
        rules = rulebase([*packs, *(read_pack(path) for path in options.rules)])
        with FactBase(rules, memory_bytes=options.memory_bytes, threads=options.threads) as base:
            readings = [_read(file, base) for file in files]
            if not any(r.facts for r in readings):
                raise NothingToAnalyse("the files hold nothing of an estate", hint="docs/estate.md lists what is read")
            identity = identify(base)
            matching = match(base, patched=options.patched, same=identity.same)
            zone(base)
            base.freeze(identity.same)
            yield Estate(base, readings, starts, identity=identity, matching=matching)


def checked(estate: Estate, answer: Answer) -> str:
    """What the checker says of the certificate of an answer's cut, as paths.json holds it, in a sentence. FalseCertificate when
    it does not hold."""
    certificate = certificates.read(json_v1.render(answer))
    if certificate is None:
        why = "it has too many proofs" if answer.cut.found else "none was found in time"
        return f"the cut has no certificate: {why}"
    return f"the cut's certificate holds: {_held(certificate, estate)}"


def verify(options: EstateOptions, written: Path, scope: Path | None, home: Path) -> str:
    """What the checker says of the certificate in a paths.json, of these files, in a sentence. UsageError when the file cannot be
    read, has none, or it does not hold."""
    try:
        certificate = certificates.read(written.read_bytes())
    except OSError as error:
        raise UsageError(f"{written} cannot be read: {error.strerror}") from None
    except UsageError as error:
        raise UsageError(f"{written}: {error}") from None
    if certificate is None:
        raise UsageError(f"the cut in {written} has no certificate")
    with opened(options, scope, home, certificate.starts) as estate:
        try:
            held = _held(certificate, estate)
        except FalseCertificate as error:
            raise UsageError(f"{written}: {error}", hint="it was made of other files, or changed since") from None
    return f"the certificate in {written} holds: {held}"


def _held(certificate: Certificate, estate: Estate) -> str:
    verdict = check(certificate, estate.base)
    if not verdict.holds:
        raise FalseCertificate(f"the cut's certificate does not hold: {verdict.wrong[0]}")
    least = f"no cut costs less than {certificate.lower_bound:g}"
    sure = least if verdict.bounded else f"that {least} takes too long to verify"
    cost = sum(a.cost for a in certificate.actions)
    goals = f"{count(len(certificate.goals), 'goal')} cut by {count(len(certificate.actions), 'action')} at {cost:g}"
    proofs = f"{count(len(certificate.proofs), 'proof')} of {count(verdict.steps, 'step')}, checked anew"
    return f"{goals}, and {sure}; {proofs}"


def require_writable(out: Path) -> None:
    """Make the directory for reports. UsageError when they cannot be written there: better now than after the search."""
    drafts.require_writable(out)
    for name in _WRITERS:
        if (out / name).is_dir():
            raise UsageError(f"{out / name} is a directory, and a report is to be written there", hint=_ELSEWHERE)


def write(answer: Answer, out: Path) -> list[Path]:
    """Write all reports of an answer into a directory: all of them or none, and each whole. UsageError when that is not possible,
    OutOfSpace when there is no room."""
    fills = {out / name: partial(drafts.write, render(answer).encode("utf-8")) for name, render in _WRITERS.items()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        drafts.tidy(out)
        drafts.replace_all(fills)
    except OSError as error:
        if comes_of_full_disk(error):
            raise full(out) from error
        raise UsageError(f"the reports cannot be written to {out}: {error.strerror}", hint=_ELSEWHERE) from error
    return list(fills)


class FalseCertificate(MithridateError):
    """A certificate that the checker refuses."""


def permitted(path: Path, scope: Path | None) -> Scope:
    """The scope under which an estate's file may be read: the one given, beside the file, or in a directory above it."""
    if not path.exists():
        raise UsageError(f"there is no {path} to read")
    places = [scope] if scope else [scope_path(path), *(p / SCOPE_FILE for p in path.resolve().parents)]
    for place in places:
        if os.path.lexists(place):
            found = load(place)
            found.require_target(path)
            found.require_valid()
            return found
    if scope:
        raise UsageError(f"there is no scope file {scope}", hint=f"write one: {init_command(path.parent)}")
    raise PolicyRefusal(
        f"nothing may be analysed without a scope, and {path} has none ({SCOPE_FILE} in its directory)",
        hint=f"write one: {init_command(path.parent)}",
    )


def _files(words: Sequence[str]) -> Iterator[_File]:
    for word in words:
        reader, colon, rest = word.partition(":")
        if colon and any(r.name == reader for r in registry.READERS) and not Path(word).exists():
            yield _File(Path(rest), reader)
        elif Path(word).is_dir():
            inside = sorted(p for p in Path(word).rglob("*") if p.is_file() and not p.is_symlink())
            yield from (_File(p, chosen=False) for p in inside if not p.name.endswith(".scope.toml") and p.name != SCOPE_FILE)
        else:
            yield _File(Path(word))


def _read(file: _File, base: FactBase) -> Reading:
    try:
        return registry.read(file.path, base, file.reader)
    except UsageError as error:
        if file.chosen or comes_of_shortage(error):
            raise
        reading = Reading(source=str(file.path), reader="", passed_over=1)
        reading.broken.append(BrokenRecord(source=str(file.path), place=0, reason=str(error)))
        return reading


def _digest(path: Path) -> str:
    """SHA-256 of a file, read in parts."""
    total = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while part := file.read(_HASHED_BYTES):
                total.update(part)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    return total.hexdigest()
