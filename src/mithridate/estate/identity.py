"""The same host, account or software from several sources is one node.

Nodes of one kind that share an identifier are one, unless something tells them apart. Kinds of identifiers are looked at from the
strongest to the weakest. A *unique* kind is one of which a node has a single value (a SID, a package URL): nodes with different
ones are never the same. A *strong* kind (a MAC address, a full domain name) may have several values, and is enough to unite. A
*weak* one (an address, a short name) unites only where at most one of the nodes carries a strong kind. What is refused is told.

The outcome does not depend on the order of files, and running it on its own outcome changes nothing: each round looks at all
values at once, and rounds go on until none unites anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from mithridate.estate import identifiers
from mithridate.estate.facts import FactBase
from mithridate.model.estate import Confidence, Conflict, Evidence, Identity, Merge

UNIQUE = ("guid", "sid", "arn", "uid", "resource", "purl", "cve", "file")
STRONG = ("mac", "fqdn", "cpe", "alias")
WEAK = ("upn", "local-mac", "hostname", "ip", "name")
TOLD = 1000
"""How many merges and conflicts are told; all are counted."""
_NAMES_TOLD = 20

Indices = npt.NDArray[np.int64]
Matrix = sparse.csr_array

_RANK = """
    CASE WHEN starts_with(node, 'vulnerability:') THEN CASE WHEN starts_with(upper(node), 'VULNERABILITY:CVE-') THEN 0 ELSE 1 END
         WHEN regexp_matches(node, 'S-1-[0-9-]+$|^[a-z-]+:arn:|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-') THEN 4
         WHEN regexp_full_match(node, '[a-z-]+:([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)') THEN 3
         WHEN regexp_matches(node, '^[a-z-]+:(pkg|cpe|urn|https?):') THEN 2
         WHEN regexp_matches(node, '^host:.*\\.|^sbom:.*[/:]') THEN 1
         ELSE 0 END"""
"""How well people can read a name; the best of a class is kept."""


@dataclass(slots=True)
class _Carried:
    """Who carries which value of one kind: parallel arrays of node and value numbers."""

    nodes: Indices
    values: Indices
    texts: npt.NDArray[np.object_]


@dataclass(slots=True)
class _Refusals:
    """Values that would unite what must stay apart: (kind, value number, the kind in which they differ)."""

    told: list[tuple[str, int, str]] = field(default_factory=list)


def identify(base: FactBase) -> Identity:
    """Which nodes of the staged facts are one. Call it after all files are read, and hand `same` to FactBase.freeze."""
    if not base.knows("identifier"):
        return Identity()
    identifiers.gather(base)
    db = base.db
    db.execute(
        "CREATE OR REPLACE TEMP TABLE identity_nodes AS SELECT node, row_number() OVER (ORDER BY node) - 1 AS id, "
        f"{_RANK} AS rank FROM (SELECT DISTINCT node FROM {identifiers.TABLE})"
    )
    carried = _carried(base)
    size = int(db.execute("SELECT count(*) FROM identity_nodes").fetchall()[0][0])
    classes, refusals = _united(carried, size)
    told = _Teller(base, carried, classes)
    return told.identity(refusals)


def _carried(base: FactBase) -> dict[str, _Carried]:
    """By kind. A value is one of nodes of one kind: a host and an account with the same name share nothing."""
    db = base.db
    db.execute(
        "CREATE OR REPLACE TEMP TABLE identity_values AS "
        "SELECT kind, prefix, value, row_number() OVER (ORDER BY kind, prefix, value) - 1 AS id "
        f"FROM (SELECT DISTINCT kind, split_part(node, ':', 1) AS prefix, value FROM {identifiers.TABLE})"
    )
    found = db.execute(
        f"SELECT DISTINCT v.id AS value, n.id AS node FROM {identifiers.TABLE} s JOIN identity_nodes n ON n.node = s.node "
        "JOIN identity_values v ON v.kind = s.kind AND v.value = s.value AND v.prefix = split_part(s.node, ':', 1) ORDER BY 1, 2"
    ).fetchnumpy()
    nodes, values = (np.asarray(found[column], dtype=np.int64) for column in ("node", "value"))
    texts = np.asarray(db.execute("SELECT value FROM identity_values ORDER BY id").fetchnumpy()["value"], dtype=object)
    # The values of a kind stand together, so that each kind has a span of their numbers.
    spans = db.execute("SELECT kind, min(id), max(id) + 1 FROM identity_values GROUP BY kind").fetchall()
    known = {str(kind): (int(first), int(last)) for kind, first, last in spans}
    carried = {}
    for kind in (*UNIQUE, *STRONG, *WEAK):
        first, last = known.get(kind, (0, 0))
        begin, end = np.searchsorted(values, [first, last])
        carried[kind] = _Carried(nodes[begin:end], values[begin:end] - first, texts[first:last])
    return carried


def _united(carried: dict[str, _Carried], size: int) -> tuple[Indices, _Refusals]:
    """(nodes,) the class of each, and what was refused at the end."""
    classes: Indices = np.arange(size, dtype=np.int64)
    while True:
        before = int(classes.max(initial=-1))
        refusals = _Refusals()
        for kind in (*UNIQUE, *STRONG, *WEAK):
            classes = _round(kind, carried, classes, refusals)
        if int(classes.max(initial=-1)) == before:
            return classes, refusals


def _round(kind: str, carried: dict[str, _Carried], classes: Indices, refusals: _Refusals) -> Indices:
    """Unite by one kind of identifier. Classes are numbered without gaps, before and after."""
    mine = carried[kind]
    count = int(classes.max(initial=-1)) + 1
    if not len(mine.nodes):
        return classes
    # A row for each value, a column for each class that carries it.
    shared = _matrix(mine.values, classes[mine.nodes], len(mine.texts), count)
    shared = _without(shared, np.flatnonzero(np.diff(shared.indptr) < 2))
    apart = _apart(kind, carried, classes, count)
    bad = _differing(shared, apart)
    refusals.told += [(kind, value, differ) for value, differ in bad.items()]
    shared = _without(shared, np.fromiter(bad, dtype=np.int64, count=len(bad)))
    labels = _components(shared)
    # A chain of values may unite what no single one does: then none of them counts.
    members = _matrix(labels, np.arange(count), int(labels.max(initial=-1)) + 1, count)
    chains = _differing(members, apart)
    if chains:
        used = np.flatnonzero(np.diff(shared.indptr))
        component = labels[shared.indices[shared.indptr[used]]]
        chained = {int(v): chains[int(c)] for v, c in zip(used, component, strict=True) if int(c) in chains}
        refusals.told += [(kind, value, differ) for value, differ in chained.items()]
        labels = _components(_without(shared, np.fromiter(chained, dtype=np.int64, count=len(chained))))
    return labels[classes]


def _apart(kind: str, carried: dict[str, _Carried], classes: Indices, count: int) -> dict[str, Matrix]:
    """By kind: a row for each class, a column for each thing that tells it apart from others.

    That is a value of a unique kind. A weak kind unites no two classes that carry a strong kind: if they were the same, that
    would have united them.
    """
    found = {
        other: _matrix(classes[carried[other].nodes], carried[other].values, count, len(carried[other].texts)) for other in UNIQUE
    }
    if kind in WEAK:
        for other in STRONG:
            holders = np.unique(classes[carried[other].nodes])
            found[other] = _matrix(holders, holders, count, count)
    return found


def _differing(groups: Matrix, apart: dict[str, Matrix]) -> dict[int, str]:
    """Rows of `groups` (groups × classes) whose classes must not be one, and the kind in which they differ."""
    found: dict[int, str] = {}
    several = np.flatnonzero(np.diff(groups.indptr) >= 2)
    if not len(several):
        return found
    chosen = groups[several]
    for kind, held in apart.items():
        if held.nnz:
            differ = np.flatnonzero(np.diff((chosen @ held).indptr) >= 2)
            for row in several[differ]:
                found.setdefault(int(row), kind)
    return found


def _components(shared: Matrix) -> Indices:
    """(classes,) the number of the component of each class, without gaps."""
    values, count = shared.shape
    if not shared.nnz:
        return np.arange(count, dtype=np.int64)
    pairs = shared.tocoo()
    both = _matrix(pairs.col.astype(np.int64), pairs.row.astype(np.int64) + count, count + values, count + values)
    _, labels = csgraph.connected_components(both, directed=False)
    return np.unique(labels[:count], return_inverse=True)[1].astype(np.int64)


def _matrix(rows: Indices, columns: Indices, height: int, width: int) -> Matrix:
    """1 at each place that is named at least once."""
    made = Matrix((np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=(height, width))
    made.sum_duplicates()
    made.data[:] = 1
    return made


def _without(matrix: Matrix, rows: Indices) -> Matrix:
    """With these rows empty."""
    if not len(rows):
        return matrix
    keep = np.ones(matrix.shape[0], dtype=np.int64)
    keep[rows] = 0
    made = Matrix(sparse.diags_array(keep, dtype=np.int64) @ matrix)
    made.eliminate_zeros()
    return made


class _Teller:
    """Turns numbers back into names, with what states them. Only what is told is looked up."""

    def __init__(self, base: FactBase, carried: dict[str, _Carried], classes: Indices) -> None:
        self._base = base
        self._carried = carried
        self._classes = classes
        found = base.db.execute("SELECT node, rank FROM identity_nodes ORDER BY id").fetchnumpy()
        self._names = np.asarray(found["node"], dtype=object)
        self._ranks = np.asarray(found["rank"], dtype=np.int64)

    def identity(self, refusals: _Refusals) -> Identity:
        size = len(self._classes)
        order = np.lexsort((np.arange(size), self._ranks, self._classes))
        first = np.ones(size, dtype=bool)
        first[1:] = np.diff(self._classes[order]) != 0
        chiefs = order[first]  # by class, since classes are numbered without gaps
        others = np.flatnonzero(chiefs[self._classes] != np.arange(size)) if size else np.empty(0, dtype=np.int64)
        same = dict(zip(self._names[others].tolist(), self._names[chiefs[self._classes[others]]].tolist(), strict=True))
        united = np.unique(self._classes[others])
        conflicts = [*self._torn(), *refusals.told]
        merges = self._merges(united[:TOLD], chiefs)
        told = [self._conflict(*c) for c in conflicts[:TOLD]]
        return Identity(
            same=same,
            merges=tuple(replace(m, evidence=e) for m, e in zip(merges, self._evidenced(merges), strict=True)),
            conflicts=tuple(replace(c, evidence=e) for c, e in zip(told, self._evidenced(told), strict=True)),
            merged=len(united),
            conflicting=len(conflicts),
        )

    def _torn(self) -> list[tuple[str, int, str]]:
        """Nodes that carry several values of a unique kind: (that kind, minus the node's number minus 1, that kind)."""
        found = []
        for kind in UNIQUE:
            nodes, counts = np.unique(self._carried[kind].nodes, return_counts=True)
            found += [(kind, -int(n) - 1, kind) for n in nodes[counts > 1]]
        return found

    def _merges(self, united: Indices, chiefs: Indices) -> list[Merge]:
        told = np.zeros(int(self._classes.max(initial=-1)) + 1, dtype=bool)
        told[united] = True
        members: dict[int, list[int]] = {}
        for node in np.flatnonzero(told[self._classes]):
            members.setdefault(int(self._classes[node]), []).append(int(node))
        by: dict[int, list[tuple[str, str]]] = {}
        for kind, carried in self._carried.items():
            inside = told[self._classes[carried.nodes]]
            pairs = np.stack([self._classes[carried.nodes[inside]], carried.values[inside]], axis=1)
            shared, counts = np.unique(pairs, axis=0, return_counts=True)
            for number, value in shared[counts > 1]:
                by.setdefault(int(number), []).append((kind, str(carried.texts[value])))
        return [self._merge(int(chiefs[c]), members[int(c)], by.get(int(c), [])[:_NAMES_TOLD]) for c in united]

    def _merge(self, chief: int, members: list[int], by: list[tuple[str, str]]) -> Merge:
        kept = str(self._names[chief])
        names = [n for n in (str(self._names[m]) for m in members[: _NAMES_TOLD + 1]) if n != kept][:_NAMES_TOLD]
        return Merge(node=kept, names=tuple(names), by=tuple(by), more=len(members) - 1 - len(names))

    def _conflict(self, kind: str, value: int, differ: str) -> Conflict:
        carried = self._carried[kind]
        if value < 0:
            node = -value - 1
            texts = [str(carried.texts[v]) for v in carried.values[carried.nodes == node]][:_NAMES_TOLD]
            return Conflict(kind=kind, value=", ".join(texts), nodes=(str(self._names[node]),), differ=differ)
        names = sorted(str(self._names[n]) for n in carried.nodes[carried.values == value])
        told = tuple(names[:_NAMES_TOLD])
        return Conflict(kind=kind, value=str(carried.texts[value]), nodes=told, differ=differ, more=len(names) - len(told))

    def _evidenced(self, told: Sequence[Merge | Conflict]) -> Iterator[tuple[Evidence, ...]]:
        """What states the identifiers that each of them names."""
        nodes = sorted({node for one in told for node in _involved(one)})
        stated: dict[str, list[tuple[str, str, int, int]]] = {}
        for node, *rest in self._base.db.execute(
            f"SELECT node, kind, value, source, place FROM {identifiers.TABLE} "
            "WHERE source IS NOT NULL AND node IN (SELECT unnest(?)) ORDER BY ALL",
            [nodes],
        ).fetchall():
            stated.setdefault(node, []).append((*rest,))
        for one in told:
            rows = {
                (source, place)
                for node in _involved(one)
                for kind, value, source, place in stated.get(node, ())
                if _names(one, kind, value)
            }
            yield tuple(
                Evidence(source=self._base.sources[source], place=place, confidence=Confidence.INFERRED)
                for source, place in sorted(rows)[:_NAMES_TOLD]
            )


def _involved(told: Merge | Conflict) -> tuple[str, ...]:
    return (told.node, *told.names) if isinstance(told, Merge) else told.nodes


def _names(told: Merge | Conflict, kind: str, value: str) -> bool:
    """It names this identifier."""
    if isinstance(told, Merge):
        return (kind, value) in told.by
    return kind == told.kind and (value == told.value or len(told.nodes) == 1)
