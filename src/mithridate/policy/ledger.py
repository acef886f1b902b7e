"""The egress ledger: a chained log like the audit log (policy/audit.py) of all that left, and of what was kept from leaving."""

from pathlib import Path

from mithridate.policy.audit import AuditLog

LEDGER_FILE = "egress.jsonl"
"""The ledger's name in the data directory."""

SENT = "egress.sent"
ANSWERED = "egress.answered"
REFUSED = "egress.refused"


def ledger(home: Path) -> AuditLog:
    """The egress ledger of a data directory."""
    return AuditLog(home, LEDGER_FILE)
