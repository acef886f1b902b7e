"""The gate to models: the only road by which anything of a project leaves.

What leaves is decided piece by piece: the scope's `[disclose]` and the provider's `may_see` must both name its class. Secrets
are taken out. The bytes of each request go to the store and on the ledger before the first of them goes on the wire
(`Passage.leaving` is called by the transport), and the transport sends nothing that has not passed here.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import urlsplit

from mithridate.model.errors import PolicyRefusal
from mithridate.model.exchange import DataClass, Outcome, Question, Segment, ToolCall, Turn
from mithridate.policy.audit import AuditLog, Fact
from mithridate.policy.budget import Account
from mithridate.policy.ledger import ANSWERED, REFUSED, SENT
from mithridate.policy.providers import Models, Provider
from mithridate.policy.redaction import redact
from mithridate.policy.scope import Scope, current_day
from mithridate.store.exchanges import Exchanges

WITHHELD = "[withheld: the scope does not let you see {}]"
_BYTES_A_TOKEN = 2
"""Text is reckoned at this many bytes a token before it is sent: more tokens than it has, nearly always."""

_OVERHEAD_TOKENS = 64
_LONGEST_ARGUMENTS = 4096


@dataclass(slots=True, kw_only=True)
class Passage:
    """Leave to send one question to one provider once. `question` is what may be sent, and nothing else."""

    provider: str
    entry: Provider
    question: Question
    tokens: int
    eur: float
    redactions: int
    key: str
    _leaving: Callable[["Passage", str, str, bytes], None]
    _used: bool = field(default=False)

    def leaving(self, method: str, url: str, body: bytes) -> None:
        """Called with the very bytes that are about to leave. PolicyRefusal when they may not: nothing must be sent then."""
        if self._used or method != "POST":
            raise PolicyRefusal(f"a {method} to {urlsplit(url).hostname} was not asked for")
        self._used = True
        self._leaving(self, method, url, body)

    @property
    def used(self) -> bool:
        """True when bytes have left."""
        return self._used


class Egress:
    """Hands out passages for one run."""

    def __init__(
        self,
        scope: Scope,
        models: Models,
        log: AuditLog,
        exchanges: Exchanges,
        account: Account,
        run: str,
        today: Callable[[], date] = current_day,
    ) -> None:
        self._scope = scope
        self._models = models
        self._log = log
        self._exchanges = exchanges
        self._run = run
        self._today = today
        self.account = account

    def allowed(self, provider: str) -> frozenset[DataClass]:
        """The classes that a provider may be shown: what the scope discloses to it and its own entry permits."""
        return self._scope.discloses(provider) & self._models.provider[provider].may_see

    def admit(self, provider: str, question: Question, needs: frozenset[DataClass], secrets: Sequence[str]) -> Passage:
        """Leave for one question. PolicyRefusal, noted on the ledger, when the scope has ended or does not list the provider,
        when the role's work needs a class that it may not see, when the conversation so far holds one, or by the budget.
        """
        entry = self._models.provider[provider]
        allowed = self.allowed(provider)
        why = self._why_not(provider, question, needs, allowed)
        if not why:
            shown, redactions = _shown(question, allowed, secrets)
            size = sum(len(text.encode("utf-8", "replace")) for text in _texts(shown))
            tokens = size // _BYTES_A_TOKEN + _OVERHEAD_TOKENS + entry.max_tokens
            eur = entry.eur(tokens - entry.max_tokens, entry.max_tokens)
            why = self.account.over(question.role, provider, tokens, eur)
            if not why:
                return Passage(
                    provider=provider,
                    entry=entry,
                    question=shown,
                    tokens=tokens,
                    eur=eur,
                    redactions=redactions,
                    key=question.key,
                    _leaving=self._leaving,
                )
        facts: dict[str, Fact] = {"provider": provider, "role": question.role, "purpose": question.thread, "why": why}
        self._log.append(REFUSED, self._run, **facts)
        raise PolicyRefusal(why)

    def answered(self, passage: Passage, outcome: Outcome, why: str, tokens: tuple[int, int], eur: float, seconds: float) -> None:
        """Put on the ledger how it went and what it cost."""
        self._log.append(
            ANSWERED,
            self._run,
            provider=passage.provider,
            role=passage.question.role,
            purpose=passage.question.thread,
            exchange=passage.key,
            outcome=outcome,
            why=why[:200],
            input_tokens=tokens[0],
            output_tokens=tokens[1],
            eur=round(eur, 6),
            seconds=round(seconds, 3),
        )

    def _why_not(self, provider: str, question: Question, needs: frozenset[DataClass], allowed: frozenset[DataClass]) -> str:
        self._scope.require_valid(self._today())
        if provider not in self._scope.models:
            return f"the scope does not list the model {provider}"
        if missing := sorted(needs - allowed):
            return f"the {question.role} needs {', '.join(missing)}, which {provider} may not see"
        if held := sorted(question.before(self._seen_by) - allowed):
            return f"the conversation so far holds {', '.join(held)}, which {provider} may not see"
        return ""

    def _seen_by(self, provider: str) -> frozenset[DataClass]:
        """What an earlier turn of a provider may hold: everything when nobody knows whose it is."""
        return self.allowed(provider) if provider in self._models.provider else frozenset(DataClass)

    def _leaving(self, passage: Passage, _method: str, url: str, body: bytes) -> None:
        there, wanted = _origin(url), _origin(passage.entry.base)
        if there != wanted:
            raise PolicyRefusal(f"a request to {there} instead of {wanted} was stopped")
        host = urlsplit(url).netloc
        self._scope.require_valid(self._today())
        digest = self._exchanges.put_sent(body)
        self._log.append(
            SENT,
            self._run,
            provider=passage.provider,
            operator=passage.entry.operator,
            jurisdiction=passage.entry.jurisdiction,
            retention=passage.entry.retention,
            model=passage.entry.model,
            host=host,
            role=passage.question.role,
            purpose=passage.question.thread,
            exchange=passage.key,
            classes=[str(kind) for kind in sorted(passage.question.kinds)],
            redactions=passage.redactions,
            bytes=len(body),
            sha256=digest,
            eur_at_most=round(passage.eur, 6),
        )


def _origin(url: str) -> str:
    """Scheme, host and port of an address, without a user."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or {'http': 80, 'https': 443}.get(parts.scheme)}"


def _shown(question: Question, allowed: frozenset[DataClass], secrets: Sequence[str]) -> tuple[Question, int]:
    """The question without what may not be seen and without secrets, and how many secrets were taken out."""
    count = 0

    def clean(text: str) -> str:
        nonlocal count
        text, found = redact(text.encode("utf-8", "backslashreplace").decode(), secrets)  # names of files may be no UTF-8
        count += found
        return text

    def piece(segment: Segment) -> Segment:
        if segment.kind is not None and segment.kind not in allowed:
            return Segment(None, WITHHELD.format(segment.kind))
        return Segment(segment.kind, clean(segment.text))

    def call(given: ToolCall) -> ToolCall:
        return ToolCall(id=clean(given.id), name=clean(given.name), arguments=_arguments(given.arguments, clean))

    turns: list[Turn] = []
    for turn in question.turns:
        shown = Turn(
            segments=tuple(piece(s) for s in turn.segments),
            text=clean(turn.text),
            calls=tuple(call(one) for one in turn.calls),
            answers=call(turn.answers) if turn.answers is not None else None,
            ours=turn.ours,
            by=turn.by,
        )
        turns.append(shown)
    return replace(question, turns=tuple(turns)), count


def _arguments(text: str, clean: Callable[[str], str]) -> str:
    """Arguments that a model gave, clean, and JSON as they were: what stands on one long line is cleaned value by value."""
    whole = clean(text) if len(text) <= _LONGEST_ARGUMENTS else ""
    if whole == text:
        return text
    try:
        return whole if whole and _is_json(whole) else json.dumps(_cleaned(json.loads(text), clean))
    except (ValueError, RecursionError):
        return "{}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _cleaned(value: object, clean: Callable[[str], str]) -> object:
    if isinstance(value, dict):
        return {clean(name): _cleaned(one, clean) for name, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one, clean) for one in value]
    return clean(value) if isinstance(value, str) else value


def _texts(question: Question) -> list[str]:
    said: list[str] = []
    for turn in question.turns:
        said += [turn.text, *(s.text for s in turn.segments), *(c.arguments for c in turn.calls)]
    return [question.system, *said, *(json.dumps([tool.name, tool.description, tool.schema]) for tool in question.tools)]
