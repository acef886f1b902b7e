"""The models of one run: opened when the owner lists some and the scope names one of them, else absent.

Nothing of a provider's library is imported before that.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mithridate.model.errors import MissingRequirement, UsageError
from mithridate.model.exchange import Role
from mithridate.model.run import ModelUse, RunOptions
from mithridate.policy.scope import Scope
from mithridate.store.exchanges import Exchanges
from mithridate.store.home import Home
from mithridate.store.seal import Seal

if TYPE_CHECKING:
    from mithridate.agents.conversation import Tally
    from mithridate.agents.desk import Desk
    from mithridate.policy.providers import Models


@dataclass(slots=True)
class Minds:
    """The desk of a run, with what the owner said about roles. `tallies` count what became of the roles' answers."""

    desk: "Desk"
    models: "Models"
    tallies: dict[Role, "Tally"] = field(default_factory=dict)

    def works(self, role: Role) -> bool:
        """True when the role is wanted and some provider of its order is named by the scope."""
        return self.models.works(role)

    def tally(self, role: Role) -> "Tally":
        """The tally of a role."""
        from mithridate.agents.conversation import Tally

        return self.tallies.setdefault(role, Tally())


def minds(
    options: RunOptions,
    scope: Scope,
    home: Home,
    run: str,
    told: Callable[[str], None],
    stopped: Callable[[], bool],
) -> Minds | None:
    """The models of a run; None when none is configured, or the scope names none of them.

    MissingRequirement when the packages for them are not installed.
    """
    if not options.models or not scope.models:
        return None
    try:
        from mithridate.agents.desk import Desk
        from mithridate.agents.providers import send
        from mithridate.policy.budget import Account
        from mithridate.policy.egress import Egress
        from mithridate.policy.ledger import ledger
        from mithridate.policy.providers import read
    except ImportError as error:
        raise MissingRequirement(
            f"models are configured, and a package for them is not installed: {error.name}", hint="install mithridate[models]"
        ) from error
    models = read(options.models, "the models of the run")
    seal = Seal(home.root, sealing=scope.seal_exchanges)
    exchanges = Exchanges(home.run(run), seal)
    egress = Egress(scope, models, ledger(home.root), exchanges, Account.of(models, exchanges), run)
    replayed = Exchanges(home.run(options.models_replayed), seal) if options.models_replayed else None
    return Minds(Desk(models, egress, exchanges, send, replayed, told, stopped), models)


def require_record(home: Home, run: str) -> None:
    """UsageError when a run has no record of exchanges that could be replayed."""
    area: Path = home.run(run)
    if next(Exchanges(area, Seal(home.root, sealing=False)).keys(), None) is None:
        raise UsageError(f"run {run} has no record of exchanges with models", hint="`mithridate runs` lists the runs")


def used(home: Home, run: str, scope: Scope) -> tuple[ModelUse, ...]:
    """What a run asked of models, by role and provider, from its record."""
    exchanges = Exchanges(home.run(run), Seal(home.root, sealing=scope.seal_exchanges))
    rows: dict[tuple[str, str], list[tuple[str, int, int, float, float]]] = {}
    for kept in exchanges.all():
        if kept.replayed and kept.answer is not None:
            rows.setdefault((kept.role, "the record"), []).append(("replayed", 0, 0, 0.0, 0.0))
        for a in kept.attempts:
            row = (str(a.outcome), a.input_tokens, a.output_tokens, a.eur, a.seconds)
            rows.setdefault((kept.role, a.provider), []).append(row)
        if not kept.attempts and kept.answer is None:
            rows.setdefault((kept.role, "nobody"), []).append(("unanswered", 0, 0, 0.0, 0.0))
    for flight in exchanges.flights():
        if flight.provider:
            rows.setdefault((flight.role, flight.provider), []).append(("in the air", flight.tokens, 0, flight.eur, 0.0))
    return tuple(_use(role, provider, rows[role, provider]) for role, provider in sorted(rows))


def _use(role: str, provider: str, rows: Iterable[tuple[str, int, int, float, float]]) -> ModelUse:
    listed = list(rows)
    outcomes: dict[str, int] = {}
    for outcome, *_ in listed:
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return ModelUse(
        role=role,
        provider=provider,
        outcomes=dict(sorted(outcomes.items())),
        input_tokens=sum(row[1] for row in listed),
        output_tokens=sum(row[2] for row in listed),
        eur=round(sum(row[3] for row in listed), 6),
        seconds=round(sum(row[4] for row in listed), 3),
    )
