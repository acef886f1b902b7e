"""The desk where questions are asked: from the record if it holds the answer, else of one provider after another."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from mithridate.agents.ended import Ended, Send
from mithridate.model.errors import PolicyRefusal
from mithridate.model.exchange import MAY_COST, Answer, Attempt, DataClass, Outcome, Question, Unanswered
from mithridate.policy.budget import Spent
from mithridate.policy.egress import Egress, Passage
from mithridate.policy.providers import Models
from mithridate.store.exchanges import Exchanges, Flight, Kept

_PASSES = frozenset({Outcome.OUTAGE, Outcome.RATE_LIMIT})
"""What passes by itself: such a provider rests for a second, then four times as long after each further failure."""
_RESTS_S = {Outcome.TIMEOUT: 60.0, Outcome.REJECTED: 600.0}
_LONGEST_WAIT_S = 30.0
_ROUNDS = 3
"""How often all providers are gone through for one question."""
_STOPPED = "the run was interrupted"


@dataclass(slots=True)
class Desk:
    """Asks models for one run. An exchange that is on record is never made again, and one that was in the air when the process
    died is not sent a second time where that could cost money twice.
    """

    models: Models
    egress: Egress
    exchanges: Exchanges
    send: Send
    replayed: Exchanges | None = None
    """With it, nothing is asked of anybody: what it does not hold has no answer."""
    told: Callable[[str], None] = lambda _: None
    stopped: Callable[[], bool] = lambda: False
    _resting: dict[str, float] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)

    def ask(self, question: Question, needs: frozenset[DataClass]) -> Answer | Unanswered:
        """The answer to a question, or why there is none. `needs`: classes without which the asking is of no use.

        Once the run is interrupted nobody is asked, and that there was no answer is not put on record: it is asked again
        when the run goes on.
        """
        kept = self.exchanges.find(question.key)
        if kept is None:
            if self.stopped():
                return Unanswered(why=_STOPPED)
            kept = self._replay(question) if self.replayed is not None else self._make(question, needs)
        if kept is None:
            return Unanswered(why=_STOPPED)
        return kept.answer if kept.answer is not None else Unanswered(why=kept.why)

    def _replay(self, question: Question) -> Kept:
        assert self.replayed is not None
        found = self.replayed.find(question.key)
        answer = found.answer if found is not None else None
        why = found.why if found is not None else "the record that is replayed does not hold this exchange"
        kept = _kept(question, (), answer, why, replayed=True)
        if found is not None:
            self.exchanges.keep(question, kept)
        return kept

    def _make(self, question: Question, needs: frozenset[DataClass]) -> Kept | None:
        """Ask one provider after another; None when the run was interrupted before any of them answered."""
        attempts: list[Attempt] = []
        reasons: list[str] = []
        order = self.models.order_for(question.role)
        flight = self.exchanges.flight(question.key)
        held = flight if flight is not None and flight.provider else None
        if flight is not None:
            attempts += flight.attempts
        if held is not None:
            entry = self.models.provider.get(held.provider)
            if entry is None or held.provider not in order or not (entry.free or entry.idempotent):
                why = "it was in the air when the run was interrupted, and is not paid for twice"
                return self._keep(question, [*attempts, self._lost(held)], None, why)
            # Whoever had it is asked again, and nobody else where a second answer would be paid for.
            order = (held.provider, *(name for name in order if name != held.provider)) if entry.free else (held.provider,)
        for number in range(_ROUNDS):
            for name in order:
                if self.stopped():
                    return None
                if self._resting.get(name, 0.0) > time.monotonic() or _final(name, attempts):
                    continue
                ended = self._attempt(question, name, needs, attempts, reasons, held)
                if ended is not None and ended.answer is not None:
                    return self._keep(question, attempts, ended.answer, "")
            if self.stopped():
                return None
            left = [name for name in order if not _final(name, attempts)]
            if number == _ROUNDS - 1 or not self._waited(left):
                break
        if self.stopped():
            return None
        last = reasons[-1] if reasons else "every provider rests after failures"
        self.told(f"the {question.role} has no answer for {question.thread}: {last}")
        if held is not None and not self.models.provider[held.provider].free:
            attempts += [] if _final(held.provider, attempts) else [self._lost(held)]
        return self._keep(question, attempts, None, last)

    def _attempt(
        self,
        question: Question,
        name: str,
        needs: frozenset[DataClass],
        attempts: list[Attempt],
        reasons: list[str],
        held: Flight | None,
    ) -> Ended | None:
        """Ask one provider once. `held` is what was in the air when the process died, and may have been paid for."""
        try:
            key = self.models.provider[name].key()
            passage = self.egress.admit(name, question, needs, self.models.secrets())
        except PolicyRefusal as refusal:
            if str(refusal) not in reasons:
                reasons.append(str(refusal))
            return None
        flight = Flight(
            key=question.key,
            role=question.role,
            provider=name,
            tokens=passage.tokens,
            eur=passage.eur,
            attempts=tuple(attempts),
        )
        self.exchanges.depart(flight)
        try:
            ended = self.send(passage, key, self.egress.account.left_s(question.role, name))
        except PolicyRefusal as refusal:
            self._landed(question, attempts, held)
            reasons.append(str(refusal))
            return None
        except Exception:
            if not passage.used:  # a fault of ours, and nothing has left
                self._landed(question, attempts, held)
            raise
        attempt = self._settled(passage, ended)
        attempts.append(attempt)
        if ended.answer is None:
            self._landed(question, attempts, held)
            reasons.append(f"{name}: {ended.outcome}: {ended.why}")
            self._rest(name, ended)
        else:
            self._failures.pop(name, None)
        return ended

    def _landed(self, question: Question, attempts: Sequence[Attempt], held: Flight | None) -> None:
        """Nothing of it is in the air, but what was lost before; what has failed so far is kept for whoever goes on."""
        if held is not None and not _final(held.provider, attempts):
            self.exchanges.depart(replace(held, attempts=tuple(attempts)))
        elif attempts:
            done = tuple(attempts)
            self.exchanges.depart(Flight(key=question.key, role=question.role, provider="", tokens=0, eur=0.0, attempts=done))
        else:
            self.exchanges.returned(question.key)

    def _settled(self, passage: Passage, ended: Ended) -> Attempt:
        """What an attempt cost: as the provider counts it, or at most what it may where it tells nothing."""
        entry = passage.entry
        tokens = (0, 0)
        eur = 0.0
        if ended.answer is not None:
            tokens = ended.answer.input_tokens, ended.answer.output_tokens
            eur = entry.eur(*tokens)
        elif ended.outcome in MAY_COST and passage.used:
            tokens = passage.tokens - entry.max_tokens, entry.max_tokens
            eur = passage.eur
        self.egress.answered(passage, ended.outcome, ended.why, tokens, eur, ended.seconds)
        self.egress.account.add(
            Spent(
                role=passage.question.role,
                provider=passage.provider,
                tokens=sum(tokens),
                eur=eur,
                seconds=ended.seconds,
            )
        )
        return Attempt(
            provider=passage.provider,
            outcome=ended.outcome,
            why=ended.why,
            input_tokens=tokens[0],
            output_tokens=tokens[1],
            eur=eur,
            seconds=round(ended.seconds, 3),
        )

    def _lost(self, flight: Flight) -> Attempt:
        return Attempt(
            provider=flight.provider,
            outcome=Outcome.TIMEOUT,
            why="the run was interrupted while it was in the air",
            input_tokens=flight.tokens,
            output_tokens=0,
            eur=flight.eur,
            seconds=0.0,
        )

    def _rest(self, name: str, ended: Ended) -> None:
        if ended.outcome in _PASSES:
            failures = self._failures[name] = self._failures.get(name, 0) + 1
            self._resting[name] = time.monotonic() + max(4.0 ** (failures - 1), ended.retry_after_s)
        elif ended.outcome in _RESTS_S:
            self._resting[name] = time.monotonic() + _RESTS_S[ended.outcome]

    def _waited(self, names: Sequence[str]) -> bool:
        """Wait for the first of these providers that rests for a short time; False when none does."""
        now = time.monotonic()
        until = min((at for name, at in self._resting.items() if name in names and at > now), default=now)
        if until == now or until - now > _LONGEST_WAIT_S:
            return False
        while time.monotonic() < until and not self.stopped():
            time.sleep(0.05)
        return not self.stopped()

    def _keep(self, question: Question, attempts: list[Attempt], answer: Answer | None, why: str) -> Kept:
        kept = _kept(question, tuple(attempts), answer, why)
        self.exchanges.keep(question, kept)
        return kept


def _final(name: str, attempts: Sequence[Attempt]) -> bool:
    """True when a provider has said all that it will say to a question, and would ask for money once more."""
    return any(a.provider == name and a.outcome not in _PASSES for a in attempts)


def _kept(question: Question, attempts: tuple[Attempt, ...], answer: Answer | None, why: str, *, replayed: bool = False) -> Kept:
    return Kept(
        key=question.key,
        role=question.role,
        thread=question.thread,
        position=question.position,
        attempts=attempts,
        answer=answer,
        why=why,
        replayed=replayed,
    )
