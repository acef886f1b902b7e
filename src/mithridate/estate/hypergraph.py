"""All ways of applying rules as arrays: an AND/OR graph.

An atom is something that may be derived; an instance of a rule derives one atom (its head) from atoms that must all be derived
(its premises) and from stated facts. Atoms and instances are numbered from 0; instances of one rule lie together (a block).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mithridate.estate.facts import FactBase
from mithridate.estate.rules.terms import Atom, Predicate, Role, Rule
from mithridate.model.estate import Fact

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Atoms:
    """The atoms of one predicate: numbers first to first + size - 1. `table` holds their terms."""

    predicate: Predicate
    table: str
    first: int
    size: int
    projected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The n instances of one rule. heads (n,) atoms; premises (n, m) atoms; facts (n, k) rows of the predicates `stated`;
    costs (n,). `body` are the stated atoms and then the premises, as the rule (or its projection) writes them."""

    rule: Rule
    stated: tuple[str, ...]
    heads: Ints
    premises: Ints
    facts: Ints
    costs: Floats
    body: tuple[Atom, ...]


class Hypergraph:
    """The blocks end to end, as the solver takes them."""

    def __init__(self, facts: FactBase, atoms: Sequence[Atoms], blocks: Sequence[Block], size: int) -> None:
        self.base = facts
        self.atoms = tuple(atoms)
        self.blocks = tuple(blocks)
        self.size = size
        """How many atoms there are."""
        counts = [len(b.heads) for b in blocks]
        self.first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        """(blocks + 1,) the first instance of each block."""
        self.heads: Ints = _joined([b.heads for b in blocks]).astype(np.int32)
        self.costs: Floats = _joined([b.costs for b in blocks]).astype(np.float64)
        widths = np.repeat([b.premises.shape[1] for b in blocks], counts) if blocks else np.empty(0)
        self.starts: Longs = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
        """(instances + 1,) where each instance's premises begin in `premises`."""
        self.premises: Ints = _joined([b.premises.reshape(-1) for b in blocks]).astype(np.int32)

    @property
    def instances(self) -> int:
        """How many ways of applying rules there are."""
        return len(self.heads)

    def block_of(self, instance: int) -> tuple[Block, int]:
        """The block of an instance, and its place there."""
        at = int(np.searchsorted(self.first, instance, side="right")) - 1
        return self.blocks[at], instance - int(self.first[at])

    def needs(self, instance: int) -> list[int]:
        """The premises of an instance."""
        return [int(p) for p in self.premises[self.starts[instance] : self.starts[instance + 1]]]

    def atom(self, predicate: str, *names: str) -> int:
        """The number of an atom whose terms are all names; -1 when nothing derives it and no question asks for it."""
        numbers = [self.base.symbol(name) for name in names]
        for atoms in self.atoms:
            if atoms.predicate.name == predicate and not atoms.projected:
                same = " AND ".join(f"a{i} = {n}" for i, n in enumerate(numbers)) or "true"
                found = self.base.db.execute(f"SELECT id FROM {atoms.table} WHERE {same}").fetchone()
                return -1 if found is None else int(found[0])
        return -1

    def atoms_of(self, predicate: str) -> Atoms | None:
        """The atoms of a predicate."""
        return next((a for a in self.atoms if a.predicate.name == predicate and not a.projected), None)

    def kinds(self, atoms: Atoms, numbers: Longs) -> tuple[tuple[str, int], ...]:
        """How many of these atoms there are of each kind of node (their first term), the most frequent first."""
        wanted = np.asarray(numbers, dtype=np.int64)  # noqa: F841 - DuckDB finds it by its name
        rows = self.base.db.execute(
            f"SELECT split_part(s.name, ':', 1) AS kind, count(*) FROM {atoms.table} t JOIN symbols s ON s.id = t.a0 AND s.chief "
            "WHERE t.id IN (SELECT column0 FROM wanted) GROUP BY kind ORDER BY count(*) DESC, kind"
        ).fetchall()
        return tuple((str(kind), int(count)) for kind, count in rows)

    def described(self, numbers: Iterable[int]) -> dict[int, Fact]:
        """Atoms by their numbers, as facts without evidence (they are derived)."""
        wanted = np.unique(np.fromiter(numbers, dtype=np.int64))
        found: dict[int, Fact] = {}
        for atoms in self.atoms:
            inside = wanted[(wanted >= atoms.first) & (wanted < atoms.first + atoms.size)]
            if not len(inside):
                continue
            columns = "".join(f", a{i}" for i in range(atoms.predicate.arity))
            rows = self.base.db.execute(
                f"SELECT id{columns} FROM {atoms.table} WHERE id IN (SELECT column0 FROM inside)"
            ).fetchall()
            terms = self.base.terms(atoms.predicate, [row[1:] for row in rows])
            found |= {int(row[0]): Fact(predicate=atoms.predicate.name, terms=t) for row, t in zip(rows, terms, strict=True)}
        return found

    def assuming(self) -> npt.NDArray[np.uint8]:
        """(instances,) 1 for those that use an assumption."""
        made = np.zeros(self.instances, dtype=np.uint8)
        for at, block in enumerate(self.blocks):
            if any(self.base.rules.predicates[name].role is Role.ASSUMPTION for name in block.stated):
                made[self.first[at] : self.first[at + 1]] = 1
        return made

    def touching(self, predicate: str, rows: Ints) -> Longs:
        """The instances that use any of these facts."""
        found = []
        for at, block in enumerate(self.blocks):
            for column, name in enumerate(block.stated):
                if name == predicate:
                    found.append(np.flatnonzero(np.isin(block.facts[:, column], rows)) + self.first[at])
        return np.unique(np.concatenate(found)).astype(np.int64) if found else np.empty(0, dtype=np.int64)


def _joined(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0)
