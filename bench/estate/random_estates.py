"""Small random estates, many in one fact base, and what an independent solver says of them.

Every construct of the rule language takes part: conjunction, cycles, comparisons, costs from facts, absence, premises that only
derived facts bind (rounds), lonely variables (projection), assumptions, and fixes that take several facts away.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import clingo

from mithridate.estate.rules.linter import named
from mithridate.estate.rules.parser import parse
from mithridate.estate.rules.rulebase import Rulebase, rulebase
from mithridate.estate.rules.terms import Argument, Atom, Constant, Role, Rule, Variable

PACK = """
pack tiny "Random estates"

input start(node N) "the attacker starts at {0}"
derived reached(node N) "the attacker has reached {0}"
fact place(node N) "{0} is a place"
fact goal(node N) "{0} is a goal"
fact edge(node A, node B, number C) "{0} leads to {1} at the price {2}"
fact both(node A, node B, node D, number C) "{0} and {1} lead to {2} at the price {3}"
fact near(node A, node B) "{0} is near {1}"
fact door(node A, number Low, number High) "{0} opens for keys {1} to {2}"
fact key(node A, number K) "{0} has the key {1}"
fact guard(node A) "{0} is guarded"
fact crack(node A, node B) "{0} leads to {1} if {1} is flawed"
assumption flaw(node N) "{0} is flawed"
derived at(node N, word How) "the attacker is at {0}, {1}"
derived open(number K) "the attacker has the key {0}"
derived around(node A, node B) "{1} is around {0}"

rule begin hidden at(N, start) :- start(N), place(N).
rule go cost 1 + C says "From {A} to {B}." at(B, edge) :- at(A, _), edge(A, B, C).
rule meet cost C says "{A} and {B} give {D}." at(D, both) :- at(A, _), at(B, _), both(A, B, D, C).
rule beside hidden around(A, B) :- near(A, B).
rule farther hidden around(A, D) :- around(A, B), near(B, D).
rule sneak cost 3 says "From {A} to {B}, unseen." at(B, sneak) :- at(A, _), around(A, B), place(B), not guard(B), A != B.
rule take cost 0 says "{A} gives the key {K}." open(K) :- at(A, _), key(A, K).
rule unlock cost 2 says "Key {K} opens {A}." at(A, door) :- open(K), door(A, Low, High), Low <= K, K < High.
rule pry cost 40 says "{B} is flawed." at(B, flaw) :- at(A, _), crack(A, B), flaw(B).
rule arrive hidden reached(N) :- at(N, _).

assume flaw(B) :- crack(_, B).

fix wall cost 2 says "Wall {A} off from {B}" removes edge(A, B, _), near(A, B).
fix leave cost 5 says "Give {A} up" removes edge(A, _, _), near(A, _), both(A, _, _, _).
fix lock cost 3 says "Change the lock of {A}" removes door(A, _, _).
fix hide cost 1 + K says "Hide key {K}" removes key(_, K).
"""

Row = tuple[str, tuple[str | int, ...]]


@dataclass(slots=True)
class RandomEstate:
    """Facts of one estate; nodes are named "n<number>:<place>" so that many fit into one fact base."""

    number: int
    rows: list[Row] = field(default_factory=list)
    start: str = ""
    goals: list[str] = field(default_factory=list)


def rules() -> Rulebase:
    """The pack, parsed and checked."""
    return rulebase([parse(PACK, "tiny")])


def random_estate(number: int, seed: int) -> RandomEstate:
    """The estate of a seed: 3 to 9 places and up to 43 facts."""
    chance = random.Random(seed)
    places = [f"n{number}:{i}" for i in range(chance.randint(3, 9))]
    estate = RandomEstate(number, start=places[0])
    rows = set[Row](("place", (p,)) for p in places)
    for _ in range(chance.randint(4, 30)):
        a, b, c = (chance.choice(places) for _ in range(3))
        match chance.randrange(9):
            case 0 | 1 | 2:
                rows.add(("edge", (a, b, chance.randint(0, 6))))
            case 3:
                rows.add(("both", (a, b, c, chance.randint(0, 9))))
            case 4:
                rows.add(("near", (a, b)))
            case 5:
                low = 10 * number + chance.randint(0, 3)
                rows.add(("door", (a, low, low + chance.randint(0, 4))))
            case 6:
                rows.add(("key", (a, 10 * number + chance.randint(0, 6))))
            case 7:
                rows.add(("guard", (a,)))
            case 8:
                rows.add(("crack", (a, b)))
    estate.goals = sorted(chance.sample(places[1:], chance.randint(1, min(3, len(places) - 1))))
    rows |= {("goal", (g,)) for g in estate.goals}
    estate.rows = sorted(rows, key=repr)
    return estate


def cheapest(estate: RandomEstate, base: Rulebase) -> dict[str, float]:
    """The cost of reaching each place, by value iteration over naively matched rules: nothing is shared with the solver."""
    facts: dict[str, list[tuple[str | int, ...]]] = {}
    for name, terms in estate.rows:
        facts.setdefault(name, []).append(terms)
    for assume in base.assumes:
        for bound in _matches(assume.body, {}, facts):
            facts.setdefault(assume.head.predicate, []).append(_told(assume.head, bound))
    known: dict[tuple[str, tuple[str | int, ...]], float] = {("start", (estate.start,)): 0.0}
    changed = True
    while changed:
        changed = False
        derived: dict[str, list[tuple[str | int, ...]]] = {}
        for name, terms in known:
            derived.setdefault(name, []).append(terms)
        for rule in base.rules:
            for bound in list(_bindings(rule, facts, derived)):
                premises = [a for a in rule.body if not base.predicates[a.predicate].stated]
                cost = rule.cost.fixed + sum(float(bound[v]) for v in rule.cost.variables)
                cost += sum(known[a.predicate, _told(a, bound)] for a in premises)
                head = (rule.head.predicate, _told(rule.head, bound))
                if cost < known.get(head, float("inf")):
                    known[head] = cost
                    changed = True
    return {str(terms[0]): cost for (name, terms), cost in known.items() if name == "reached"}


def _bindings(
    rule: Rule,
    facts: dict[str, list[tuple[str | int, ...]]],
    derived: dict[str, list[tuple[str | int, ...]]],
) -> Iterator[dict[str, str | int]]:
    for bound in _matches(rule.body, {}, {**facts, **derived}):
        if any(list(_matches((a,), bound, facts)) for a in rule.absent):
            continue
        if all(_holds(c.operator, _value(c.left, bound), _value(c.right, bound)) for c in rule.comparisons):
            yield bound


def _matches(
    atoms: tuple[Atom, ...], bound: dict[str, str | int], rows: dict[str, list[tuple[str | int, ...]]]
) -> Iterator[dict[str, str | int]]:
    if not atoms:
        yield bound
        return
    first, *rest = atoms
    for row in rows.get(first.predicate, ()):
        extended = dict(bound)
        for argument, value in zip(first.arguments, row, strict=True):
            wanted = argument.value if isinstance(argument, Constant) else extended.setdefault(argument.name, value)
            if wanted != value:
                break
        else:
            yield from _matches(tuple(rest), extended, rows)


def _told(atom: Atom, bound: dict[str, str | int]) -> tuple[str | int, ...]:
    return tuple(_value(a, bound) for a in atom.arguments)


def _value(argument: Argument, bound: dict[str, str | int]) -> str | int:
    return argument.value if isinstance(argument, Constant) else bound[argument.name]


def _holds(operator: str, left: str | int, right: str | int) -> bool:
    match operator:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return int(left) < int(right)
        case "<=":
            return int(left) <= int(right)
        case ">":
            return int(left) > int(right)
        case _:
            return int(left) >= int(right)


# clingo: derivability, the cheapest cut and the fewest flaws.


def derivable(estate: RandomEstate, base: Rulebase, *, flaws: bool) -> set[str]:
    """The places that can be reached, with every flaw assumed or with none."""
    program = [*_program(estate, base), "done(0) :- 0 = 1.", _flaws(base, all_of_them=flaws)]
    found: set[str] = set()
    for model in _models(program):
        found = {a.arguments[0].string for a in model if a.name == "p_reached"}
    return found


def cheapest_cut(estate: RandomEstate, base: Rulebase, *, flaws: bool) -> tuple[int, set[str]]:
    """The cost of the cheapest cut, and the goals that no cut protects."""
    rows, removing = _fixes(base)
    everything = [*_program(estate, base), *rows, _flaws(base, all_of_them=flaws)]
    all_done = [*everything, *(f"{line}." for line in removing)]
    reached: set[str] = set()
    for model in _models(all_done):
        reached = {a.arguments[0].string for a in model if a.name == "p_reached"}
    uncut = reached & set(estate.goals)
    choice = [f"{{ {line.partition(' :- ')[0]} : {line.partition(' :- ')[2]} }}." for line in removing]
    goals = [f':- p_reached("{g}").' for g in estate.goals if g not in uncut]
    prices = [f"#minimize {{ {_price(fix)} , {i}, {_keys(fix)} : done({i}, {_keys(fix)}) }}." for i, fix in enumerate(base.fixes)]
    cost = 0
    for cost in _costs([*everything, *choice, *goals, *prices]):  # noqa: B007 - the last is the least
        pass
    return cost, uncut


def fewest_flaws(estate: RandomEstate, base: Rulebase, goal: str) -> int | None:
    """How many flaws a goal needs; None when none are enough."""
    rows = [*_program(estate, base), "done(0) :- 0 = 1.", "{ p_flaw(B) : q_flaw(B) }.", *_assumed(base)]
    rows += [f':- not p_reached("{goal}").', "#minimize { 1,B : p_flaw(B) }."]
    fewest: int | None = None
    for fewest in _costs(rows):  # noqa: B007
        pass
    return fewest


def _program(estate: RandomEstate, base: Rulebase) -> list[str]:
    rows = [f"q_{name}({_terms(terms)})." for name, terms in estate.rows]
    rows.append(f'p_start("{estate.start}").')
    rows += ["#defined gone/2.", "#defined done/2.", "#defined done/3."]
    for predicate in base.predicates.values():
        arguments = ", ".join(f"X{i}" for i in range(predicate.arity))
        if predicate.role is Role.FACT:
            rows.append(
                f"p_{predicate.name}({arguments}) :- q_{predicate.name}({arguments}), not g_{predicate.name}({arguments})."
            )
            rows += [f"#defined q_{predicate.name}/{predicate.arity}.", f"#defined g_{predicate.name}/{predicate.arity}."]
        rows.append(f"#defined p_{predicate.name}/{predicate.arity}.")
    for rule in base.rules:
        body = [_atom("p", a) for a in rule.body]
        body += [f"not x_{rule.name}{i}({', '.join(_bound(a)) or 0})" for i, a in enumerate(rule.absent)]
        body += [f"{_argument(c.left)} {c.operator} {_argument(c.right)}" for c in rule.comparisons]
        rows.append(f"{_atom('p', rule.head)} :- {', '.join(body)}.")
        for i, absent in enumerate(rule.absent):
            rows.append(f"x_{rule.name}{i}({', '.join(_bound(absent)) or 0}) :- {_atom('q', absent)}.")
    return rows


def _bound(atom: Atom) -> list[str]:
    return [a.name for a in atom.arguments if isinstance(a, Variable) and not a.anonymous]


def _assumed(base: Rulebase) -> list[str]:
    return [f"{_atom('q', a.head)} :- {', '.join(_atom('q', b) for b in a.body)}." for a in base.assumes]


def _flaws(base: Rulebase, *, all_of_them: bool) -> str:
    return "\n".join([*_assumed(base), "#defined q_flaw/1.", "p_flaw(B) :- q_flaw(B)." if all_of_them else ""])


def _fixes(base: Rulebase) -> tuple[list[str], list[str]]:
    """What an action takes away, and which actions there are."""
    rows, actions = [], []
    for i, fix in enumerate(base.fixes):
        for atom in fix.removes:
            rows.append(f"g_{atom.predicate}({_arguments(atom)}) :- done({i}, {_keys(fix)}), {_atom('q', atom)}.")
            actions.append(f"done({i}, {_keys(fix)}) :- {_atom('q', atom)}")
    return rows, actions


def _keys(fix: object) -> str:
    sentence = getattr(fix, "sentence", "")
    return f"({', '.join(dict.fromkeys(named(sentence)))},)"


def _price(fix: object) -> str:
    cost = fix.cost  # type: ignore[attr-defined]
    return " + ".join([str(int(cost.fixed)), *cost.variables])


def _atom(prefix: str, atom: Atom) -> str:
    return f"{prefix}_{atom.predicate}({_arguments(atom)})"


def _arguments(atom: Atom) -> str:
    return ", ".join(_argument(a) for a in atom.arguments)


def _argument(argument: Argument) -> str:
    if isinstance(argument, Variable):
        return f"V{argument.name}" if argument.anonymous else argument.name
    return _terms((argument.value,))


def _terms(terms: Iterable[str | int]) -> str:
    return ", ".join(str(t) if isinstance(t, int) else f'"{t}"' for t in terms)


def _models(rows: Iterable[str]) -> Iterator[list[clingo.Symbol]]:
    control = clingo.Control(["--warn=none"])
    control.add("base", [], "\n".join(rows))
    control.ground([("base", [])])
    with control.solve(yield_=True) as handle:
        for model in handle:
            yield list(model.symbols(atoms=True))


def _costs(rows: Iterable[str]) -> Iterator[int]:
    control = clingo.Control(["--warn=none", "--opt-mode=opt"])
    control.add("base", [], "\n".join(rows))
    control.ground([("base", [])])
    with control.solve(yield_=True) as handle:
        for model in handle:
            yield int(sum(model.cost))
