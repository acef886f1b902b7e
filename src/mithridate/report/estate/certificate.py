"""The certificate of a cut as it stands in paths.json, written and read back.

What the document says elsewhere is not said again: starts, goals, actions, the bound and what was taken away are those of the
answer, so that whoever verifies the certificate verifies them. Steps that several proofs share stand once, and so do facts.
"""

import json
from collections.abc import Iterator
from typing import Any

from mithridate.model.errors import UsageError
from mithridate.model.estate import Action, Certificate, Fact, Proof, ProofStep, Term
from mithridate.report.json_v1 import Json


def document(certificate: Certificate) -> Json:
    """What paths.json holds as "certificate" of its cut."""
    facts: dict[tuple[str, tuple[Term, ...]], int] = {}
    steps: dict[ProofStep, int] = {}
    actions = {key: at for at, (key, _) in enumerate(certificate.prices)}
    for proof in certificate.proofs:
        for step in proof.steps:
            steps.setdefault(step, len(steps))
            for fact in (step.gives, *step.needs, *step.facts):
                facts.setdefault((fact.predicate, fact.terms), len(facts))

    def place(fact: Fact) -> int:
        return facts[fact.predicate, fact.terms]

    return {
        "facts": [{"predicate": predicate, "terms": list(terms)} for predicate, terms in facts],
        "steps": [
            {
                "rule": s.rule,
                "pack": s.pack,
                "gives": place(s.gives),
                "needs": [place(f) for f in s.needs],
                "facts": [place(f) for f in s.facts],
            }
            for s in steps
        ],
        "proofs": [
            {"goal": p.goal, "steps": [steps[s] for s in p.steps], "actions": [actions[a] for a in p.actions]}
            for p in certificate.proofs
        ],
        "prices": [{"action": key, "cost": cost} for key, cost in certificate.prices],
    }


def read(text: str | bytes) -> Certificate | None:
    """The certificate of a paths.json, None when its cut has none. UsageError for what is no such document."""
    try:
        return _read(json.loads(text, parse_constant=_number))
    except RecursionError:
        raise UsageError("this is no paths.json: it is nested too deeply") from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"this is no paths.json: {type(error).__name__}: {str(error)[:200]}") from None


def _read(made: Any) -> Certificate | None:
    cut, given = made["cut"], made["cut"]["certificate"]
    if given is None:
        return None
    facts = [Fact(predicate=_text(f["predicate"]), terms=tuple(map(_term, f["terms"]))) for f in given["facts"]]
    steps = [
        ProofStep(
            rule=_text(s["rule"]),
            pack=_text(s["pack"]),
            gives=facts[_place(s["gives"])],
            needs=tuple(facts[_place(n)] for n in s["needs"]),
            facts=tuple(facts[_place(n)] for n in s["facts"]),
        )
        for s in given["steps"]
    ]
    prices = tuple((_text(p["action"]), float(p["cost"])) for p in given["prices"])
    return Certificate(
        starts=tuple(_texts(made["starts"])),
        goals=tuple(_texts(cut["goals"])),
        actions=tuple(
            Action(id=_text(a["id"]), kind=_text(a["kind"]), sentence=_text(a["sentence"]), cost=float(a["cost"]))
            for a in cut["actions"]
        ),
        lower_bound=float(cut["lower_bound"]),
        without=tuple(_texts(made["question"]["without"])),
        assume=bool(made["question"]["assume"]),
        proofs=tuple(
            Proof(
                goal=_text(p["goal"]),
                steps=tuple(steps[_place(s)] for s in p["steps"]),
                actions=tuple(prices[_place(a)][0] for a in p["actions"]),
            )
            for p in given["proofs"]
        ),
        prices=prices,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(values: list[object]) -> Iterator[str]:
    return map(_text, values)


def _term(value: object) -> Term:
    return value if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _place(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise TypeError(f"{value!r} is no place in a list")
    return value
