"""Reads one file and says what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mithridate.estate.facts import FactBase
from mithridate.estate.identity import identify
from mithridate.estate.matching import match
from mithridate.estate.readers import registry
from mithridate.estate.rules.rulebase import own_pack, own_packs, rulebase
from mithridate.estate.zoning import zone
from mithridate.model.estate import Fact, Identity, Matching, Reading


@dataclass(frozen=True, slots=True)
class Read:
    """Facts as text, and the facts themselves; the readings; and what was passed over, (place, reason)."""

    told: set[str]
    facts: list[Fact]
    readings: list[Reading]
    identity: Identity
    matching: Matching

    @property
    def broken(self) -> list[tuple[int, str]]:
        return [(b.place, b.reason) for r in self.readings for b in r.broken]

    def places(self, fact: str) -> list[int]:
        """The places that say a fact."""
        return [e.place for f in self.facts if str(f) == fact for e in f.evidence]


RULES = rulebase([own_pack(name) for name in own_packs()])


def read(paths: Iterable[Path], *, patched: bool = False, reader: str | None = None, zoned: bool = False) -> Read:
    """All that is stated by some files, with all packs in use."""
    with FactBase(RULES, memory_bytes=256 << 20, threads=1) as base:
        readings = [registry.read(path, base, reader) for path in paths]
        identity = identify(base)
        matching = match(base, patched=patched, same=identity.same)
        if zoned:
            zone(base)
        base.freeze(identity.same)
        facts = [
            f
            for p in RULES.predicates.values()
            if p.stated and p.name != "unknown_flaw"
            for f in base.rows(p.name, list(range(base.facts(p.name)))).values()
        ]
    return Read({str(f) for f in facts}, facts, readings, identity, matching)


def survives(path: Path, content: bytes, reader: str) -> None:
    """Any content is read, or refused in one sentence."""
    from mithridate.model.errors import UsageError

    path.write_bytes(content)
    try:
        with FactBase(RULES, memory_bytes=256 << 20, threads=1) as base:
            registry.read(path, base, reader)
            base.flush()
    except UsageError as error:
        assert "\n" not in str(error)
        assert str(error)
