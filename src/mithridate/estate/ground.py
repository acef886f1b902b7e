"""Rules and facts → a hypergraph: every way in which a rule can be applied, once.

A rule whose variables are all bound by its stated premises needs one query: what it derives and what it needs are names that can
be written down without knowing whether they will ever be derived, and the solver, not the database, finds out which are. That
keeps grounding to one join a rule, however long the chains are. Rules that take a variable from a derived premise (a few) are
joined with what can be derived, round by round, each round with what the last one added (semi-naive evaluation; Ullman,
"Principles of Database and Knowledge-Base Systems", 1988). A derived premise with variables that nothing else mentions is
replaced by its projection, so that it does not multiply the instances.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from mithridate.estate.facts import FactBase
from mithridate.estate.hypergraph import Atoms, Block, Hypergraph
from mithridate.estate.query import Query
from mithridate.estate.rules.terms import Atom, Cost, Place, Predicate, Role, Rule, Variable
from mithridate.model.errors import UsageError

MOST_INSTANCES = 400_000_000
"""Rule instances that one estate may have; more do not fit into the machines that this is for."""
_MOST_SORTED = 2_000_000
"""Up to here instances are put in order, so that two runs number them alike."""


@dataclass(slots=True)
class _Table:
    """The atoms of a derived predicate (or of a projection of one) that may be derived."""

    predicate: Predicate
    name: str
    projected: tuple[int, ...] | None = None


@dataclass(slots=True)
class _Plan:
    """A rule with its premises sorted by where their variables come from."""

    rule: Rule
    head: _Table
    stated: list[Atom] = field(default_factory=list)
    checked: list[tuple[Atom, _Table]] = field(default_factory=list)
    joined: list[tuple[Atom, _Table]] = field(default_factory=list)

    @property
    def premises(self) -> list[tuple[Atom, _Table]]:
        return [*self.joined, *self.checked]


def ground(facts: FactBase, starts: Iterable[str] = (), *, most: int = MOST_INSTANCES) -> Hypergraph:
    """All instances of all rules over frozen facts. `starts` are further nodes that a question may start from.

    UsageError names the rule that makes more than `most` instances.
    """
    return _Grounder(facts, most).run(starts)


class _Grounder:
    def __init__(self, facts: FactBase, most: int) -> None:
        self._facts = facts
        self._db = facts.db
        self._most = most
        self._tables: dict[tuple[str, tuple[int, ...] | None], _Table] = {}
        self._projections: list[_Plan] = []
        self._plans: list[_Plan] = []
        self._made: dict[int, int] = {}  # how many instances there are of each rule that was asked for

    def run(self, starts: Iterable[str]) -> Hypergraph:
        self._plans = [self._plan(rule) for rule in self._applicable()]
        self._plans += self._projections
        self._start(starts)
        total = 0
        for number, plan in enumerate(self._plans):
            if not plan.joined:
                total += self._create(number, plan)
        self._inputs()
        for known in self._tables.values():
            self._new(known, 0, [n for n, p in enumerate(self._plans) if p.head is known and not p.joined])
        self._rounds(total)
        self._inputs()
        return self._build()

    # Plans.

    def _applicable(self) -> list[Rule]:
        """Rules of whose stated premises each has a fact: most of what the packs know, an estate says nothing of."""
        said = self._facts.said()
        stated = {p.name for p in self._facts.rules.predicates.values() if p.stated}
        return [rule for rule in self._facts.rules.rules if stated.intersection(a.predicate for a in rule.body) <= said]

    def _plan(self, rule: Rule) -> _Plan:
        predicates = self._facts.rules.predicates
        plan = _Plan(rule, self._table(rule.head.predicate))
        derived = []
        for atom in rule.body:
            if predicates[atom.predicate].stated:
                plan.stated.append(atom)
            else:
                derived.append(atom)
        bound = {v for atom in plan.stated for v in atom.variables}
        elsewhere = self._mentions(rule)
        for atom in derived:
            own = Counter(atom.variables)
            lonely = {
                i
                for i, a in enumerate(atom.arguments)
                if isinstance(a, Variable) and a.name not in bound and own[a.name] == 1 and elsewhere[a.name] == 1
            }
            premise = (atom, self._table(atom.predicate))
            if 0 < len(lonely) < len(atom.arguments):
                kept = tuple(i for i in range(len(atom.arguments)) if i not in lonely)
                shorter = Atom(atom.predicate, tuple(atom.arguments[i] for i in kept))
                premise = (shorter, self._project(predicates[atom.predicate], kept))
            (plan.checked if set(premise[0].variables) <= bound else plan.joined).append(premise)
        return plan

    def _mentions(self, rule: Rule) -> Counter[str]:
        """How often each variable stands in what an instance needs to know."""
        counts = Counter(v for atom in (rule.head, *rule.body) for v in atom.variables)
        counts.update(v for c in rule.comparisons for v in c.variables)
        counts.update(v for atom in rule.absent for v in atom.variables)
        counts.update(rule.cost.variables)
        return counts

    def _project(self, predicate: Predicate, kept: tuple[int, ...]) -> _Table:
        """The atoms of a predicate with some arguments left out, and the step that leads there at no cost."""
        if (predicate.name, kept) in self._tables:
            return self._tables[predicate.name, kept]
        whole, known = self._table(predicate.name), self._table(predicate.name, kept)
        every = Atom(predicate.name, tuple(Variable(f"V{i}") for i in range(predicate.arity)))
        head = Atom(predicate.name, tuple(every.arguments[i] for i in kept))
        rule = Rule(name="projection", pack="", head=head, body=(every,), place=Place(pack=""), cost=Cost(), hidden=True)
        self._projections.append(_Plan(rule, known, joined=[(every, whole)]))
        return known

    def _table(self, name: str, kept: tuple[int, ...] | None = None) -> _Table:
        known = self._tables.get((name, kept))
        if known is None:
            predicate = self._facts.rules.predicates[name]
            if kept is not None:
                predicate = replace(predicate, types=tuple(predicate.types[i] for i in kept))
            known = _Table(predicate, f'"atom {len(self._tables)}"', kept)
            self._tables[name, kept] = known
            columns = ", ".join(f"a{i} BIGINT" for i in range(predicate.arity))
            self._db.execute(f"CREATE TABLE {known.name} ({columns}{', ' if columns else ''}round INTEGER)")
        return known

    # Instances.

    def _create(self, number: int, plan: _Plan) -> int:
        return self._insert(number, plan, self._select(plan, None, 0))

    def _insert(self, number: int, plan: _Plan, select: str) -> int:
        before = self._made.get(number, 0)
        how = f"INSERT INTO {_instance(number)}" if number in self._made else f"CREATE TABLE {_instance(number)} AS"
        made = self._made[number] = before + self._changed(f"{how} {select} LIMIT {self._most + 1}")
        if made > self._most:
            raise UsageError(
                f"the rule {plan.rule.name} at {plan.rule.place} applies in more than {self._most:,} ways",
                hint="state reachability through zones and groups instead of pairs of hosts",
            )
        return made - before

    def _select(self, plan: _Plan, fresh: int | None, last: int) -> str:
        """The query of a rule's instances; the `fresh`-th joined premise is of round `last`, those before it are older."""
        rule = plan.rule
        query = Query(self._facts)
        predicates = self._facts.rules.predicates
        for i, atom in enumerate(plan.stated):
            query.join(atom, self._facts.table(predicates[atom.predicate]), f"b{i}")
        for i, (atom, known) in enumerate(plan.joined):
            query.join(atom, known.name, f"d{i}")
            if fresh is not None:
                operator = "=" if i == fresh else "<" if i < fresh else "<="
                query.conditions.append(f"d{i}.round {operator} {last}")
        for i, atom in enumerate(rule.absent):
            query.forbid(atom, self._facts.table(predicates[atom.predicate]), f"n{i}")
        query.compare(rule.comparisons)
        columns = [f"{query.expression(a)} AS h{i}" for i, a in enumerate(rule.head.arguments)]
        for j, (atom, _) in enumerate(plan.premises):
            columns += [f"{query.expression(a)} AS p{j}_{i}" for i, a in enumerate(atom.arguments)]
        columns += [f"b{i}.rid AS r{i}" for i in range(len(plan.stated))]
        columns.append(" + ".join([f"{rule.cost.fixed}::DOUBLE", *(query.variables[v] for v in rule.cost.variables)]) + " AS c")
        return query.select(columns)

    def _changed(self, statement: str) -> int:
        """How many rows a statement makes."""
        found = self._db.execute(statement).fetchone()
        return int(found[0]) if found else 0

    # Atoms.

    def _start(self, starts: Iterable[str]) -> None:
        """Nodes from which a question starts may be asked about, though no rule names them."""
        numbers = sorted({n for n in map(self._facts.symbol, starts) if n >= 0})
        for (_, kept), known in self._tables.items():
            if known.predicate.role is Role.INPUT and kept is None and known.predicate.arity == 1:
                for number in numbers:
                    self._db.execute(f"INSERT INTO {known.name} VALUES (?, 0)", [number])

    def _inputs(self) -> None:
        """An input's atoms are those that some rule needs: the question may make any of them true."""
        for number, plan in enumerate(self._plans):
            if number not in self._made:
                continue
            for j, (atom, known) in enumerate(plan.premises):
                if known.predicate.role is Role.INPUT and known.projected is None:
                    columns = ", ".join(f"p{j}_{i}" for i in range(len(atom.arguments)))
                    self._db.execute(
                        f"INSERT INTO {known.name} SELECT *, 0 FROM (SELECT DISTINCT {columns} FROM {_instance(number)} "
                        f"EXCEPT SELECT * EXCLUDE (round) FROM {known.name})"
                    )

    def _new(self, known: _Table, this: int, numbers: Sequence[int]) -> int:
        """Add what rules derive to the atoms of `known`, marked as of round `this`; how many there are."""
        heads = [n for n in numbers if n in self._made]
        if not heads:
            return 0
        columns = ", ".join(f"h{i}" for i in range(known.predicate.arity)) or "1"
        union = " UNION ".join(f"SELECT {columns} FROM {_instance(n)}" for n in heads)
        old = f"SELECT {'* EXCLUDE (round)' if known.predicate.arity else '1'} FROM {known.name}"
        star = "*, " if known.predicate.arity else ""
        return self._changed(f"INSERT INTO {known.name} SELECT {star}{this} FROM ({union} EXCEPT {old})")

    def _rounds(self, total: int) -> None:
        last = 0
        fresh = set(range(len(self._tables)))
        order = list(self._tables.values())
        while fresh:
            grown: set[int] = set()
            for number, plan in enumerate(self._plans):
                for i, (_, known) in enumerate(plan.joined):
                    if order.index(known) in fresh:
                        total += self._insert(number, plan, self._select(plan, i, last))
                        grown.add(order.index(plan.head))
            if total > self._most:
                raise UsageError(f"the rules apply in more than {self._most:,} ways", hint="use fewer packs or a smaller estate")
            fresh = set()
            for at in grown:
                heads = [n for n, p in enumerate(self._plans) if p.head is order[at] and p.joined]
                if self._new(order[at], last + 1, heads):
                    fresh.add(at)
            last += 1

    # Numbers.

    def _build(self) -> Hypergraph:
        atoms: list[Atoms] = []
        offset = 0
        for (_, kept), known in self._tables.items():
            columns = ", ".join(f"a{i}" for i in range(known.predicate.arity))
            order = f"ORDER BY {columns}" if columns else ""
            size = self._changed(
                f"CREATE TABLE {_numbered(known)} AS SELECT {columns}{', ' if columns else ''}"
                f"(row_number() OVER ({order}) - 1 + {offset})::INTEGER AS id FROM {known.name}"
            )
            self._db.execute(f"DROP TABLE {known.name}")
            atoms.append(
                Atoms(predicate=known.predicate, table=_numbered(known), first=offset, size=size, projected=kept is not None)
            )
            offset += size
        blocks: list[Block] = []
        for number, plan in enumerate(self._plans):
            if number in self._made:
                blocks.append(self._block(number, plan))
                self._db.execute(f"DROP TABLE {_instance(number)}")
        return Hypergraph(self._facts, atoms, blocks, offset)

    def _block(self, number: int, plan: _Plan) -> Block:
        columns, joins = ["h.id AS h"], [f"{_instance(number)} i"]
        joins.append(_same(_numbered(plan.head), "h", [f"i.h{k}" for k in range(plan.head.predicate.arity)]))
        for j, (atom, known) in enumerate(plan.premises):
            columns.append(f"p{j}.id AS p{j}")
            joins.append(_same(_numbered(known), f"p{j}", [f"i.p{j}_{k}" for k in range(len(atom.arguments))]))
        columns += [f"i.r{i}" for i in range(len(plan.stated))]
        fixed = not plan.rule.cost.variables
        if not fixed:
            columns.append("i.c")
        order = "ORDER BY ALL" if self._made[number] <= _MOST_SORTED else ""
        got = self._db.execute(f"SELECT {', '.join(columns)} FROM {' JOIN '.join(joins)} {order}").fetchnumpy()
        size = len(got["h"])
        costs = np.full(size, plan.rule.cost.fixed) if fixed else np.asarray(got["c"], dtype=np.float64)
        if size and costs.min() < 0:
            raise UsageError(
                f"the rule {plan.rule.name} at {plan.rule.place} costs less than nothing", hint="costs are 0 or more"
            )
        return Block(
            rule=plan.rule,
            stated=tuple(a.predicate for a in plan.stated),
            heads=_ints(got["h"]),
            premises=_matrix([got[f"p{j}"] for j in range(len(plan.premises))], size),
            facts=_matrix([got[f"r{i}"] for i in range(len(plan.stated))], size),
            costs=costs,
            body=(*plan.stated, *(a for a, _ in plan.premises)),
        )


def _instance(number: int) -> str:
    return f'"instance {number}"'


def _numbered(known: _Table) -> str:
    return known.name.replace("atom", "numbered")


def _same(name: str, alias: str, columns: Sequence[str]) -> str:
    conditions = " AND ".join(f"{alias}.a{k} = {column}" for k, column in enumerate(columns)) or "true"
    return f"{name} {alias} ON {conditions}"


def _ints(column: npt.ArrayLike) -> npt.NDArray[np.int32]:
    return np.ascontiguousarray(column, dtype=np.int32)


def _matrix(columns: Sequence[npt.ArrayLike], size: int) -> npt.NDArray[np.int32]:
    """(size, columns), row by row in memory."""
    return np.stack([_ints(c) for c in columns], axis=1) if columns else np.empty((size, 0), dtype=np.int32)
