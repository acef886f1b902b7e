"""The explainer: prose about a finding, from its record alone."""

import re
from typing import Annotated

from pydantic import BaseModel, Field

from mithridate.agents.conversation import Conversation, Tally, data
from mithridate.agents.desk import Desk
from mithridate.model.exchange import DataClass, Role, Segment

NEEDS = frozenset({DataClass.FINDINGS})
_NUMBER = re.compile(r"\d+(?:\.\d+)?|0x[0-9a-fA-F]+")
_CALLED = re.compile(r"\b([A-Za-z_][A-Za-z0-9_]*)\s*\(\)|`([^`]+)`|\b([\w./-]+\.(?:c|h|cc|cpp|hpp|py))\b")

_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://\S*|\bwww\.\S+|\S+@[\w-]+\.\w+"
    r"|\b(?:[\w-]+\.)+(?:com|org|net|io|dev|edu|gov|info|eu|ai)\b|\b(?:CVE|CWE)-[\d-]*\d",
    re.IGNORECASE,
)
_WRONG = r"(?:flaw|bug|issue|problem|vulnerabilit\w+|defect|weakness|risk|danger|threat|impact|harm)(?:e?s)?"
_VERDICT = re.compile(
    r"\bfalse\s+(?:positive|alarm)s?\b"
    rf"|\bno\s+(?:\w+\s+)?{_WRONG}\b"
    rf"|\b(?:not|n't|never)\s+(?:\w+\s+){{0,2}}(?:{_WRONG}|vulnerable|exploitable|reachable|dangerous|serious|real|affected)\b"
    r"|\b(?:un|non-?)(?:exploitable|reachable|critical)\b"
    r"|\b(?:is|was|as|been|already)\s+(?:fixed|patched|resolved|mitigated|intended|expected)\b"
    r"|\b(?:can|may|should|must)\s+be\s+(?:\w+\s+)?(?:ignored|dismissed|closed|suppressed)\b"
    r"|\b(?:harmless|benign|safe|safely|innocuous|spurious|negligible|trivial|theoretical|by\s+design|severe)\b"
    r"|\b(?:exploit\w*|arbitrary\s+code|remote\s+code|attackers?)\b",
    re.IGNORECASE,
)
"""Words that judge a finding: what it is worth is for its proofs to say."""


class Explanation(BaseModel):
    """The explainer's answer."""

    text: Annotated[str, Field(min_length=20, max_length=1500)]


def explain(desk: Desk, finding: str, record: str, tally: Tally) -> str:
    """Prose for a finding, "" when there is none that says nothing beyond `record`."""
    conversation = Conversation(
        desk=desk,
        role=Role.EXPLAINER,
        thread=f"explainer {finding}",
        shape=Explanation,
        instruments=(),
        needs=NEEDS,
        rounds=3,
        tally=tally,
    )
    answer = conversation.say([Segment(None, "The record:\n"), *data(DataClass.FINDINGS, "record", record)])
    if answer is None:
        return ""
    if foreign(answer.text, record):
        tally.dropped += 1
        return ""
    return answer.text.strip()


def foreign(text: str, record: str) -> list[str]:
    """Numbers, functions, files, quoted names, addresses and verdicts in a text that its record does not hold."""
    called = {name for found in _CALLED.findall(text) for name in found if name}
    said = {*_NUMBER.findall(text), *called, *(found[0] for found in _ADDRESS.finditer(text))}
    judged = {" ".join(found[0].lower().split()) for found in _VERDICT.finditer(text)}
    return sorted({one for one in said if one not in record} | {one for one in judged if one not in record.lower()})
