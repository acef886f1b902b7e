"""What may still be spent: each budget counts what is its own, up to its limit and not beyond."""

from pathlib import Path
from typing import Any

import pytest

from mithridate.model.exchange import Attempt, Outcome, Question, Role, Turn
from mithridate.policy.budget import Account, Spent
from mithridate.policy.providers import Models
from mithridate.store.exchanges import Exchanges, Flight, Kept
from mithridate.store.seal import Seal

HUNTER, REFUTER = Role.HUNTER, Role.REFUTER


def models(**given: dict[str, Any]) -> Models:
    """Two providers; budgets of the run, of the role `hunter` and of the provider `a`."""
    provider = {
        "kind": "openai-compatible",
        "model": "m",
        "operator": "us",
        "jurisdiction": "here",
        "retention": "none",
        "may_see": [],
        "address": "http://127.0.0.1:1/v1",
        "eur_per_million_input": 1.0,
        "eur_per_million_output": 1.0,
    }
    return Models.model_validate(
        {
            "order": ["a", "b"],
            "budget": given.get("run", {}),
            "provider": {"a": {**provider, "budget": given.get("provider", {})}, "b": provider},
            "role": {"hunter": {"budget": given.get("role", {})}},
        }
    )


def spent(role: Role = HUNTER, provider: str = "a", **given: float) -> Spent:
    return Spent(role=role, provider=provider, **{"tokens": 100, "eur": 0.5, "seconds": 10.0, **given})  # type: ignore[arg-type]


WHOSE = ["run", "role", "provider"]


@pytest.mark.parametrize("whose", WHOSE)
@pytest.mark.parametrize(
    ("budget", "fits", "too_much"),
    [
        ({"eur": 1.0}, (100, 0.5), (100, 0.51)),
        ({"tokens": 300}, (200, 0.5), (201, 0.5)),
        ({"calls": 2}, (100, 0.5), None),
        ({"calls": 1}, None, (0, 0.0)),
        ({"seconds": 10.1}, (100, 0.5), None),
        ({"seconds": 10.0}, None, (0, 0.0)),
        ({}, (10**9, 10.0**9), None),
    ],
)
def test_a_budget_is_used_up_to_its_limit(
    whose: str, budget: dict[str, float], fits: tuple[int, float] | None, too_much: tuple[int, float] | None
) -> None:
    account = Account(models(**{whose: budget}), [spent()])
    if fits is not None:
        assert account.over(HUNTER, "a", *fits) == ""
    if too_much is not None:
        why = account.over(HUNTER, "a", *too_much)
        name = {"run": "the run", "role": "the role hunter", "provider": "the provider a"}[whose]
        assert why.startswith(f"the budget of {name} (")


def test_a_role_and_a_provider_pay_for_their_own_alone() -> None:
    others = [spent(REFUTER, "b"), spent(REFUTER, "b"), spent(REFUTER, "b")]
    assert Account(models(role={"calls": 1}), others).over(HUNTER, "b", 1, 0.1) == ""
    assert Account(models(provider={"calls": 1}), others).over(REFUTER, "a", 1, 0.1) == ""
    assert Account(models(run={"calls": 3}), others).over(HUNTER, "a", 1, 0.1)
    assert Account(models(role={"calls": 1}), [spent(HUNTER, "b")]).over(HUNTER, "a", 1, 0.1), "whoever is asked"
    assert Account(models(provider={"calls": 1}), [spent(REFUTER, "a")]).over(HUNTER, "a", 1, 0.1), "whoever asks"


def test_what_is_added_counts() -> None:
    account = Account(models(run={"calls": 1}))
    assert account.over(HUNTER, "a", 1, 0.1) == ""
    account.add(spent())
    assert account.over(HUNTER, "a", 1, 0.1)


def test_the_shortest_budget_of_seconds_bounds_the_waiting() -> None:
    assert Account(models()).left_s(HUNTER, "a") == 1e9
    made = models(run={"seconds": 100.0}, role={"seconds": 60.0}, provider={"seconds": 30.0})
    account = Account(made, [spent(HUNTER, "b"), spent(REFUTER, "a"), spent(REFUTER, "b")])
    assert account.left_s(HUNTER, "a") == 20.0
    assert account.left_s(HUNTER, "b") == 50.0
    assert account.left_s(REFUTER, "b") == 70.0


def attempt(eur: float) -> Attempt:
    return Attempt(provider="a", outcome=Outcome.ANSWERED, why="", input_tokens=70, output_tokens=30, eur=eur, seconds=10.0)


def test_the_store_tells_what_was_spent_and_what_is_in_the_air_counts_with_the_most_that_it_costs(tmp_path: Path) -> None:
    exchanges = Exchanges(tmp_path, Seal(tmp_path, sealing=False))
    asked = Question(role=HUNTER, thread="t", position=0, system="", turns=(Turn(),), tools=())
    kept = Kept(key=asked.key, role=HUNTER, thread="t", position=0, attempts=(attempt(0.25), attempt(0.25)), answer=None, why="")
    exchanges.keep(asked, kept)
    exchanges.depart(Flight(key="second", role=HUNTER, provider="a", tokens=1000, eur=2.0, attempts=(attempt(0.125),)))
    exchanges.depart(Flight(key="third", role=HUNTER, provider="", tokens=5000, eur=9.0, attempts=()))  # nothing has left
    account = Account.of(models(run={"eur": 3.0, "tokens": 1500, "calls": 5, "seconds": 100.0}), exchanges)
    assert account.over(HUNTER, "a", 200, 0.375) == ""
    assert "(3 euros)" in account.over(HUNTER, "a", 200, 0.376)
    assert "(1500 tokens)" in account.over(HUNTER, "a", 201, 0.375)
    account.add(spent(tokens=0, eur=0.0))
    assert "(5 calls)" in account.over(HUNTER, "a", 0, 0.0)
    assert account.left_s(HUNTER, "a") == 60.0
