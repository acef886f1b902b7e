"""Verifies a cut's certificate with code of its own: neither the grounder nor the solver nor HiGHS takes part.

1. Every step of every proof is its rule, applied to facts that are stated and to what earlier steps give.
2. Every action that breaks a proof is listed with it (matched anew from the fixes' text).
3. Meeting all proofs costs at least the stated bound (branch and bound).
4. Every action of the cut is what a fix offers, at the fix's cost.
5. Without the facts that the cut removes, no goal follows (naive evaluation, in SQL, of what can be derived).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mithridate.estate.facts import FactBase
from mithridate.estate.query import Query
from mithridate.estate.removal import bound_by, removed
from mithridate.estate.rules.linter import named
from mithridate.estate.rules.terms import NUMBER, Argument, Atom, Comparison, Constant, Fix, Role, Rule
from mithridate.model.estate import Action, Certificate, Fact, Proof, ProofStep, Term

MOST_NODES = 200_000
"""Of the search for the bound; beyond it the bound is not verified."""
_TOLERANCE = 1e-6

Bound = dict[str, Term]


@dataclass(slots=True)
class Verdict:
    """`wrong` says what is false in the certificate; it is empty for one that holds. `steps` counts what was checked. `bounded`
    is false when the bound takes too long to verify: then it is neither confirmed nor refuted."""

    wrong: list[str] = field(default_factory=list)
    bounded: bool = True
    steps: int = 0
    rounds: int = 0

    @property
    def holds(self) -> bool:
        """Nothing false was found."""
        return not self.wrong


def check(certificate: Certificate, base: FactBase) -> Verdict:
    """Verify against frozen facts. UsageError when the certificate takes away what is neither a fact nor an action."""
    verdict = Verdict()
    _Proofs(certificate, base, verdict).check()
    prices = dict(certificate.prices)
    least = cheapest_meeting([p.actions for p in certificate.proofs], prices)
    if least is None:
        verdict.bounded = False
    elif least < certificate.lower_bound - _TOLERANCE:
        verdict.wrong.append(f"all proofs can be met at {least}, below the bound {certificate.lower_bound}")
    not_offered = [wrong for action in certificate.actions for wrong in _offered(action, base)]
    if not_offered:
        verdict.wrong += not_offered
    else:
        _Closure(certificate, base, verdict).check()
    return verdict


def cheapest_meeting(sets: Sequence[Sequence[str]], prices: Mapping[str, float]) -> float | None:
    """The least that meeting every set costs, by branch and bound; None after too many nodes."""
    order = sorted({frozenset(s) for s in sets}, key=lambda s: (len(s), sorted(s)))
    best = sum(prices.values())
    nodes = 0

    def disjoint(open_sets: Iterable[frozenset[str]], banned: frozenset[str]) -> float:
        used: set[str] = set()
        total = 0.0
        for one in open_sets:
            left = one - banned
            if not left:
                return float("inf")
            if not one & used:
                used |= one
                total += min(prices[e] for e in left)
        return total

    def search(open_sets: list[frozenset[str]], cost: float, banned: frozenset[str]) -> None:
        nonlocal best, nodes
        nodes += 1
        if nodes > MOST_NODES or cost + disjoint(open_sets, banned) >= best - _TOLERANCE:
            return
        if not open_sets:
            best = cost
            return
        first = min(open_sets, key=lambda s: len(s - banned))
        for element in sorted(first - banned, key=lambda e: (prices[e], e)):
            search([s for s in open_sets if element not in s], cost + prices[element], banned)
            banned |= {element}

    try:
        search(order, 0.0, frozenset())
    except RecursionError:
        return None
    return None if nodes > MOST_NODES else best


def _offered(action: Action, base: FactBase) -> Iterator[str]:
    costs = []
    for fix in (f for f in base.rules.fixes if f.name == action.kind):
        bound = bound_by(fix, action.sentence)
        if bound is not None and all(bound[v].isdigit() for v in fix.cost.variables):
            costs.append(fix.cost.fixed + sum(float(bound[v]) for v in fix.cost.variables))
    if not costs:
        yield f"no fix offers {action.key!r}"
    elif action.cost not in costs:
        yield f"{action.key!r} costs {costs[0]:g}"


class _Proofs:
    def __init__(self, certificate: Certificate, base: FactBase, verdict: Verdict) -> None:
        self._certificate = certificate
        self._base = base
        self._verdict = verdict
        self._rules = {(r.pack, r.name): r for r in base.rules.rules}
        self._prices = dict(certificate.prices)
        self._stated: dict[str, bool] = {}

    def check(self) -> None:
        for number, proof in enumerate(self._certificate.proofs, start=1):
            for wrong in self._proof(proof):
                self._verdict.wrong.append(f"proof {number}: {wrong}")

    def _proof(self, proof: Proof) -> Iterator[str]:
        given = {f"start({node})" for node in self._certificate.starts}
        for step in proof.steps:
            self._verdict.steps += 1
            wanting = [str(n) for n in step.needs if str(n) not in given]
            if wanting:
                yield f"{step.gives} needs {wanting[0]}, which nothing gives"
            if step.rule == "projection" and not step.pack:
                yield from _projects(step)
            else:
                yield from self._step(step)
            given.add(str(step.gives))
        if f"reached({proof.goal})" not in given or proof.goal not in self._certificate.goals:
            yield f"it does not lead to a goal ({proof.goal})"
        breaking = dict(self._breaking(proof))
        if missing := sorted(set(breaking) - set(proof.actions)):
            yield f"{missing[0]!r} breaks it too"
        for key, cost in breaking.items():
            if self._prices.get(key) != cost:
                yield f"{key!r} costs {cost}"

    def _step(self, step: ProofStep) -> Iterator[str]:
        rule = self._rules.get((step.pack, step.rule))
        if rule is None:
            yield f"there is no rule {step.rule} in {step.pack}"
            return
        predicates = self._base.rules.predicates
        stated = [a for a in rule.body if predicates[a.predicate].stated]
        bound: Bound = {}
        if not _bind(rule.head, step.gives, bound) or len(stated) != len(step.facts):
            yield f"{step.gives} is not what {rule.name} gives"
            return
        for atom, fact in zip(stated, step.facts, strict=True):
            if not _bind(atom, fact, bound):
                yield f"{fact} does not fit {rule.name}"
            elif not self._is_stated(fact):
                yield f"{fact} is not stated"
        for atom in (a for a in rule.body if not predicates[a.predicate].stated):
            if not any(_fits(atom, need, bound) for need in step.needs):
                yield f"{rule.name} needs {atom.predicate}, which is not given"
        yield from self._conditions(rule, bound)

    def _conditions(self, rule: Rule, bound: Bound) -> Iterator[str]:
        for comparison in rule.comparisons:
            if not _holds(comparison, bound):
                yield f"a comparison of {rule.name} does not hold"
        for atom in rule.absent:
            query = Query(self._base)
            query.join(atom, self._base.table(self._base.rules.predicates[atom.predicate]), "f")
            self._constrain(query, atom, bound)
            if self._base.db.execute(query.select(["1"]) + " LIMIT 1").fetchone():
                yield f"{atom.predicate} is stated, and {rule.name} asks for its absence"

    def _constrain(self, query: Query, atom: Atom, bound: Bound) -> None:
        for name in atom.variables:
            if name in bound:
                value = bound[name]
                number = value if isinstance(value, int) else self._base.symbol(value)
                query.conditions.append(f"{query.variables[name]} = {number}")

    def _is_stated(self, fact: Fact) -> bool:
        key = str(fact)
        types = self._base.rules.predicates[fact.predicate].types
        if any(isinstance(term, int) != (kind == NUMBER) for term, kind in zip(fact.terms, types, strict=True)):
            return False
        if key not in self._stated:
            numbers = [t if isinstance(t, int) else self._base.symbol(t) for t in fact.terms]
            same = " AND ".join(f"a{i} = {n}" for i, n in enumerate(numbers))
            query = f"SELECT 1 FROM {self._base.table(self._base.rules.predicates[fact.predicate])} WHERE {same}"
            self._stated[key] = self._base.db.execute(query).fetchone() is not None
        return self._stated[key]

    def _breaking(self, proof: Proof) -> Iterator[tuple[str, float]]:
        for fix in self._base.rules.fixes:
            for fact in (f for step in proof.steps for f in step.facts):
                yield from _actions(fix, fact)


class _Closure:
    """What follows without the facts that the cut removes."""

    def __init__(self, certificate: Certificate, base: FactBase, verdict: Verdict) -> None:
        self._certificate = certificate
        self._base = base
        self._verdict = verdict
        words = [*certificate.without, *(a.sentence for a in certificate.actions)]
        self._removed = [rows for word in words for rows in removed(base, word)]

    def check(self) -> None:
        db = self._base.db
        predicates = self._base.rules.predicates.values()
        for predicate in predicates:
            if predicate.stated:
                none = predicate.role is Role.ASSUMPTION and not self._certificate.assume
                where = "false" if none else self._kept(predicate.name)
                rows = f"SELECT * FROM {self._base.table(predicate)} f WHERE {where}"
                db.execute(f"CREATE OR REPLACE TEMP VIEW {_view(predicate.name)} AS {rows}")
            else:
                columns = ", ".join([*(f"a{i} BIGINT" for i in range(predicate.arity)), "found BOOLEAN"])
                db.execute(f"CREATE OR REPLACE TEMP TABLE {_view(predicate.name)} ({columns})")
        for node in self._certificate.starts:
            db.execute(f"INSERT INTO {_view('start')} VALUES (?, true)", [self._base.symbol(node)])
        while sum(self._round(rule) for rule in self._base.rules.rules):
            self._verdict.rounds += 1
        for goal in self._certificate.goals:
            if db.execute(f"SELECT 1 FROM {_view('reached')} WHERE a0 = ?", [self._base.symbol(goal)]).fetchone():
                self._verdict.wrong.append(f"{goal} is still reached")

    def _round(self, rule: Rule) -> bool:
        query = Query(self._base)
        for i, atom in enumerate(rule.body):
            query.join(atom, _view(atom.predicate), f"b{i}")
        for i, atom in enumerate(rule.absent):
            query.forbid(atom, self._base.table(self._base.rules.predicates[atom.predicate]), f"n{i}")
        query.compare(rule.comparisons)
        columns = [query.expression(a) for a in rule.head.arguments]
        known = _view(rule.head.predicate)
        made = self._base.db.execute(
            f"INSERT INTO {known} {query.select([*columns, 'true'], distinct=True)} EXCEPT SELECT * FROM {known}"
        ).fetchone()
        return made is not None and made[0] > 0

    def _kept(self, predicate: str) -> str:
        """The condition on rows that neither the cut nor the question takes away."""
        conditions = ["true"]
        for name, columns in self._removed:
            if name == predicate:
                conditions.append(f"NOT ({' AND '.join(f'f.a{i} = {n}' for i, n in columns.items()) or 'true'})")
        return " AND ".join(conditions)


def _view(predicate: str) -> str:
    return f'"check {predicate}"'


def _projects(step: ProofStep) -> Iterator[str]:
    """A projection leaves out arguments of what it needs, and keeps the others in order."""
    if len(step.needs) != 1:
        yield f"{step.gives} is a part of one thing, not of {len(step.needs)}"
        return
    (need,) = step.needs
    rest = iter(need.terms)
    if need.predicate != step.gives.predicate or not all(any(t == kept for t in rest) for kept in step.gives.terms):
        yield f"{step.gives} is no part of {need}"


def _bind(atom: Atom, fact: Fact, bound: Bound) -> bool:
    """Unify an atom with a fact; `bound` is extended."""
    if atom.predicate != fact.predicate or len(atom.arguments) != len(fact.terms):
        return False
    return all(
        argument.value == term if isinstance(argument, Constant) else bound.setdefault(argument.name, term) == term
        for argument, term in zip(atom.arguments, fact.terms, strict=True)
    )


def _fits(atom: Atom, need: Fact, bound: Bound) -> bool:
    """A premise fits what is given, which may have lost arguments that nothing else mentions."""
    if atom.predicate != need.predicate:
        return False
    if len(atom.arguments) == len(need.terms):
        return _bind(atom, need, bound)
    kept = [a for a in atom.arguments if isinstance(a, Constant) or a.name in bound]
    return len(kept) == len(need.terms) and all(_value(a, bound) == t for a, t in zip(kept, need.terms, strict=True))


def _value(argument: Argument, bound: Bound) -> Term | None:
    return argument.value if isinstance(argument, Constant) else bound.get(argument.name)


def _holds(comparison: Comparison, bound: Bound) -> bool:
    left, right = _value(comparison.left, bound), _value(comparison.right, bound)
    if comparison.operator in ("=", "!="):
        return (left == right) == (comparison.operator == "=")
    if not isinstance(left, int) or not isinstance(right, int):
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[comparison.operator]


def _actions(fix: Fix, fact: Fact) -> Iterator[tuple[str, float]]:
    """The actions of a fix that take a fact away, and what each costs."""
    for atom in fix.removes:
        bound: Bound = {}
        if _bind(atom, fact, bound):
            sentence = fix.sentence
            for name in named(fix.sentence):
                sentence = sentence.replace(f"{{{name}}}", str(bound[name]))
            yield f"{fix.name}: {sentence}", fix.cost.fixed + sum(float(bound[v]) for v in fix.cost.variables)
