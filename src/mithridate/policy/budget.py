"""What was spent on models, and whether more may be. A function of what the store holds, so a resumed run goes on with it."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from mithridate.model.exchange import Role
from mithridate.policy.providers import Budget, Models, RoleTable
from mithridate.store.exchanges import Exchanges


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """One attempt on the account."""

    role: str
    provider: str
    tokens: int
    eur: float
    seconds: float = 0.0


class Account:
    """The account of one run. Safe to share between threads."""

    def __init__(self, models: Models, spent: Iterable[Spent] = ()) -> None:
        self._models = models
        self._spent = list(spent)
        self._lock = threading.Lock()

    @classmethod
    def of(cls, models: Models, exchanges: Exchanges) -> "Account":
        """The account as the store has it: what is still in the air counts with what it costs at most."""
        flights = list(exchanges.flights())
        made = [(kept.role, a) for kept in exchanges.all() for a in kept.attempts]
        made += [(flight.role, a) for flight in flights for a in flight.attempts]
        spent = [
            Spent(role=role, provider=a.provider, tokens=a.input_tokens + a.output_tokens, eur=a.eur, seconds=a.seconds)
            for role, a in made
        ]
        spent += [Spent(role=f.role, provider=f.provider, tokens=f.tokens, eur=f.eur) for f in flights if f.provider]
        return cls(models, spent)

    def add(self, spent: Spent) -> None:
        """One more attempt."""
        with self._lock:
            self._spent.append(spent)

    def over(self, role: Role, provider: str, tokens: int, eur: float) -> str:
        """Why an exchange that costs at most so much may not be made, or ""."""
        models = self._models
        limits: tuple[tuple[str, Budget, str, str], ...] = (
            ("the run", models.budget, "", ""),
            (f"the role {role}", models.role.get(role, RoleTable()).budget, role, ""),
            (f"the provider {provider}", models.provider[provider].budget, "", provider),
        )
        for whose, budget, of_role, of_provider in limits:
            with self._lock:
                mine = [
                    s
                    for s in self._spent
                    if (not of_role or s.role == of_role) and (not of_provider or s.provider == of_provider)
                ]
            amounts = (
                ("euros", budget.eur, sum(s.eur for s in mine) + eur),
                ("tokens", budget.tokens, sum(s.tokens for s in mine) + tokens),
                ("calls", budget.calls, len(mine) + 1),
            )
            for what, limit, needed in amounts:
                if limit is not None and needed > limit:
                    return f"the budget of {whose} ({limit:g} {what}) does not suffice for it"
            seconds = sum(s.seconds for s in mine)
            if budget.seconds is not None and seconds >= budget.seconds:
                return f"the budget of {whose} ({budget.seconds:g} seconds) is used up"
        return ""

    def left_s(self, role: Role, provider: str) -> float:
        """Seconds of waiting that the budgets leave for one exchange."""
        budgets = (
            (self._models.budget, [*self._spent]),
            (self._models.role.get(role, RoleTable()).budget, [s for s in self._spent if s.role == role]),
            (self._models.provider[provider].budget, [s for s in self._spent if s.provider == provider]),
        )
        return min((b.seconds - sum(s.seconds for s in mine) for b, mine in budgets if b.seconds is not None), default=1e9)
