"""A desk with servers of the tests' own behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from mithridate.agents.desk import Desk
from mithridate.agents.providers import send
from mithridate.model.exchange import DataClass, Question, Role, Segment, Turn
from mithridate.policy.audit import Record, records
from mithridate.policy.budget import Account
from mithridate.policy.egress import Egress
from mithridate.policy.ledger import LEDGER_FILE, SENT, ledger
from mithridate.policy.providers import Models
from mithridate.policy.scope import Attestation, Scope
from mithridate.store.exchanges import Exchanges
from mithridate.store.seal import Seal

RUN = "a-run"
ALL = tuple(DataClass)


def entry(address: str, **given: Any) -> dict[str, Any]:
    """One [provider.NAME] table."""
    return {
        "kind": "openai-compatible",
        "model": "scripted",
        "operator": "the tests",
        "jurisdiction": "loopback",
        "retention": "none",
        "may_see": list(DataClass),
        "address": address,
        "eur_per_million_input": 10.0,
        "eur_per_million_output": 100.0,
        "timeout_s": 8.0,
        "max_tokens": 1000,
        **given,
    }


@dataclass
class Place:
    """A desk, and where it keeps things."""

    desk: Desk
    home: Path
    exchanges: Exchanges

    def ledger(self, action: str = SENT) -> list[Record]:
        """The records of one action on the ledger."""
        return [r for r in records(self.home / LEDGER_FILE, RUN) if r.action == action]

    @property
    def bodies(self) -> list[bytes]:
        """What the ledger says was disclosed, in order."""
        return [self.exchanges.sent(str(r.facts["sha256"])) for r in self.ledger()]


def place(
    home: Path,
    providers: Mapping[str, dict[str, Any]],
    disclose: Mapping[str, tuple[DataClass, ...]] | None = None,
    *,
    sealed: bool = False,
    replayed: Exchanges | None = None,
    until: date = date(2099, 12, 31),
    **given: Any,
) -> Place:
    """A desk that asks these providers, under a scope that discloses everything to them unless it is said what."""
    home.mkdir(parents=True, exist_ok=True)
    models = Models.model_validate({"order": list(providers), "provider": dict(providers), **given})
    shown = dict.fromkeys(providers, ALL) if disclose is None else disclose
    scope = Scope(
        owner="the tests",
        path=home,
        until=until,
        attestation=Attestation(sentence="I may.", attested_by="a test", date=date(2026, 1, 1)),
        models=tuple(shown),
        disclose=tuple(shown.items()),
        seal_exchanges=sealed,
    )
    exchanges = Exchanges(home / "runs" / RUN, Seal(home, sealing=sealed))
    egress = Egress(scope, models, ledger(home), exchanges, Account.of(models, exchanges), RUN)
    return Place(Desk(models, egress, exchanges, send, replayed), home, exchanges)


def question(text: str = "int main;", kind: DataClass | None = DataClass.EXCERPTS, **given: Any) -> Question:
    """One question of the hunter."""
    asked: dict[str, Any] = {
        "role": Role.HUNTER,
        "thread": "hunter a.c",
        "position": 0,
        "system": "a prompt",
        "turns": (Turn(segments=(Segment(None, "Look: "), Segment(kind, text))),),
        "tools": (),
        **given,
    }
    return Question(**asked)
