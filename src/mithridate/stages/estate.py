"""Estates: files → facts → the answer to a question. Reading, matching and solving meet here."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
from mithridate.model.estate import Answer, BrokenRecord, Question, Reading
from mithridate.policy.audit import AuditLog
from mithridate.policy.scope import SCOPE_FILE, Scope, init_command, load, scope_path
from mithridate.report.estate import explorer, json_v1, markdown, navigator

_HASHED_BYTES = 1 << 20
UNKNOWN_FLAWS = "unknown-flaws"
"""The pack of rules that assume flaws which nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateOptions:
    """`files` are paths, or READER:PATH; a directory stands for all files in it that some reader recognises. `packs` are names of
    own packs (empty: all), `rules` files of further ones. With `patched`, proved flaws that have a validated patch are taken as
    mended. `memory_bytes` is what tables may take before they spill to disk."""

    files: tuple[str, ...]
    packs: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    unknown_flaws: bool = True
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


def opened(options: EstateOptions, scope: Path | None, home: Path, starts: Sequence[str] = ()) -> "_Opened":
    """The estate of some files, to be closed by `with`."""
    return _Opened(options, scope, home, starts)


def checked(estate: Estate, answer: Answer) -> str:
    """What the checker says of the certificate of an answer's cut, in a sentence. FalseCertificate when it does not hold."""
    certificate = answer.cut.certificate
    if certificate is None:
        return "the cut has no certificate: it was not found in time, or has too many proofs"
    verdict = check(certificate, estate.base)
    if not verdict.holds:
        raise FalseCertificate(f"the cut's certificate does not hold: {verdict.wrong[0]}")
    return f"the cut's certificate holds: {len(certificate.proofs)} proofs of {verdict.steps} steps, checked anew"


def write(answer: Answer, out: Path) -> list[Path]:
    """Write all reports of an answer into a directory, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    made = {
        "paths.json": json_v1.render(answer),
        "paths.html": explorer.render(answer),
        "paths.md": markdown.render(answer),
        "navigator.json": navigator.render(answer),
    }
    for name, text in made.items():
        half = out / f".{name}.part"
        half.write_text(text, encoding="utf-8")
        half.replace(out / name)
    return [out / name for name in made]


class FalseCertificate(MithridateError):
    """A certificate that our own checker refuses."""


class _Opened:
    def __init__(self, options: EstateOptions, scope: Path | None, home: Path, starts: Sequence[str]) -> None:
        self._options = options
        self._scope = scope
        self._home = home
        self._starts = starts
        self._base: FactBase | None = None

    def __enter__(self) -> Estate:
        options = self._options
        files = list(_files(options.files))
        covered = [permitted(file.path, self._scope) for file in files]
        audit = AuditLog(self._home)
        for file, permission in zip(files, covered, strict=True):
            audit.append("estate.read", "", file=str(file.path), sha256=_digest(file.path), scope=str(permission.file or ""))
        names = options.packs or tuple(n for n in own_packs() if options.unknown_flaws or n != UNKNOWN_FLAWS)
        packs = [own_pack(name) for name in dict.fromkeys(("base", *names))]
        rules = rulebase([*packs, *(read_pack(path) for path in options.rules)])
        base = self._base = FactBase(rules, memory_bytes=options.memory_bytes, threads=options.threads)
        try:
            readings = [_read(file, base) for file in files]
            if not any(r.facts for r in readings):
                raise NothingToAnalyse("the files hold nothing of an estate", hint="docs/estate.md lists what is read")
            identity = identify(base)
            match(base, patched=options.patched, same=identity.same)
            zone(base)
            base.freeze(identity.same)
            return Estate(base, readings, self._starts)
        except BaseException:
            base.close()
            raise

    def __exit__(self, *_: object) -> None:
        if self._base is not None:
            self._base.close()


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
        if file.chosen:
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
