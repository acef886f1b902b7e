"""From what scanners tell of a flaw to how an attacker uses it: how (remote, client, local), what it gives, and what it costs.

A CVSS vector says what is lost, not what an attacker runs, so that this is always inferred: who loses both secrecy and integrity
entirely runs code, who loses secrecy is read. Denial of service gives nothing that leads further. A vector of version 2 says
"partial" for all three of a program that does not run as root.
"""

from collections.abc import Iterable
from dataclasses import dataclass

TRIVIAL = 1
"""What an attack costs for which a framework brings the module."""
PUBLISHED = 3
"""One that is seen in the wild, or has its tool published."""
UNPUBLISHED = 6
"""A known flaw without a public exploit: somebody has to write it."""
HARD = 10
"""Conditions that an attacker does not control, and no exploit."""
_ACCOUNT = 3
"""More, where an ordinary account is needed first: one has to be got, and that is no premise of the rules."""
_OPERATOR = 8
"""More, where an administrator's account is needed first."""
LIKELY = 0.36
"""EPSS from which an exploit counts as being around: where its authors find precision and recall best balanced (Jacobs et
al., "Enhancing Vulnerability Prioritization", 2023)."""
_LONGEST = 500
_ENTIRE = ("H", "C")
"""High; complete."""


@dataclass(frozen=True, slots=True)
class Use:
    """How a flaw is used, what that gives ("" for nothing that leads further), and its cost."""

    how: str
    what: str
    cost: int


def use_of(vectors: Iterable[str], *, framework: bool = False, exploited: bool = False, likelihood: float = 0.0) -> Use | None:
    """The use by the first text that is a CVSS vector of version 2, 3 or 4; None when none is.

    `framework`: an exploitation framework has a module; `exploited`: one is public or was seen; `likelihood`: EPSS (0 to 1).
    """
    for vector in vectors:
        metrics = _metrics(vector)
        how = _how(metrics)
        if how:
            known = exploited or likelihood >= LIKELY
            return Use(how, _what(metrics, how), _cost(metrics, framework=framework, exploited=known))
    return None


def _metrics(vector: str) -> dict[str, str]:
    if len(vector) > _LONGEST:
        return {}
    parts = vector.strip().strip("()").removeprefix("CVSS2#").split("/")
    return {key: value for key, _, value in (part.partition(":") for part in parts)}


def _how(metrics: dict[str, str]) -> str:
    if metrics.get("AV") not in ("N", "A", "L", "P"):
        return ""
    opened = metrics.get("UI", "N") != "N"
    if metrics["AV"] in ("N", "A"):
        return "client" if opened else "remote"
    return "client" if opened and metrics["AV"] == "L" else "local"


def _what(metrics: dict[str, str], how: str) -> str:
    secrecy, integrity, operation = (metrics.get(k, metrics.get(f"V{k}", "N")) for k in "CIA")
    if metrics["AV"] == "P":
        return ""
    partly = secrecy == integrity == operation == "P"
    code = partly or (secrecy in _ENTIRE and integrity in _ENTIRE)
    if how == "local":
        return "root" if code else ""
    if code:
        return "code"
    return "read" if secrecy in _ENTIRE and how == "remote" else ""


def _cost(metrics: dict[str, str], *, framework: bool, exploited: bool) -> int:
    known = exploited or metrics.get("E") in ("A", "F", "H", "P", "POC")
    hard = metrics.get("AC") == "H" or metrics.get("AT") == "P"
    cost = TRIVIAL if framework else PUBLISHED if known else HARD if hard else UNPUBLISHED
    rights = metrics.get("PR", {"S": "L", "M": "H"}.get(metrics.get("Au", ""), "N"))
    return cost + (_ACCOUNT if rights == "L" else _OPERATOR if rights == "H" else 0)
