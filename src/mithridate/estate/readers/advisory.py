"""What every format of advisories says of a flaw, as facts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from mithridate.estate.readers.interface import LONGEST_NAME, Sink
from mithridate.estate.versions import written
from mithridate.model.estate import Confidence

STATUSES = ("affected", "not_affected", "fixed", "under_investigation")
"""What a VEX statement may say."""
PUBLISHED = 3
"""What an attack costs that is known to be made, or has its tool published."""
UNPUBLISHED = 6
"""A known flaw without a public exploit: somebody has to write it."""
HARD = 10
"""Conditions that an attacker does not control."""
_ACCOUNT = 3
"""More, where an ordinary account is needed first: one has to be got, and that is no premise of the network pack."""
_OPERATOR = 8
"""More, where an administrator's account is needed first."""


class Advisory:
    """One flaw. What is derived from a CVSS vector is inferred: it says what is lost, not what an attacker runs."""

    def __init__(self, sink: Sink, name: str, place: int) -> None:
        if not name.strip():
            raise ValueError("a flaw has no name")
        self._sink = sink
        self._place = place
        self.node = f"vulnerability:{name.strip()}"

    def same(self, *names: object) -> None:
        """Other names of it."""
        for name in dict.fromkeys(names):
            if isinstance(name, str) and name and f"vulnerability:{name}" != self.node:
                kind = "cve" if name.upper().startswith("CVE-") else "alias"
                self._fact("identifier", self.node, kind, name)

    def affects(self, package: str, kind: str, constraints: list[tuple[str, str]]) -> None:
        """Versions of a package (a key of packages.py) within one range; constraints as in versions.written."""
        self._fact("affected", self.node, package, written(kind, constraints))

    def affects_text(self, package: str, versions: str) -> None:
        """Versions of a package within a VERS range as it was given."""
        self._fact("affected", self.node, package, versions)

    def affects_each(self, package: str, kind: str, versions: Iterable[str]) -> None:
        """Single versions, as many facts as their length asks for."""
        part: list[tuple[str, str]] = []
        length = 0
        for version in versions:
            size = 3 * len(version) + 1
            if part and length + size > LONGEST_NAME - 100:
                self.affects(package, kind, part)
                part, length = [], 0
            part.append(("=", version))
            length += size
        if part:
            self.affects(package, kind, part)

    def stated(self, product: str, component: str, status: str, when: int) -> None:
        """A VEX statement; `component` is "any" or one of the product's. ValueError for a status that is none."""
        if status not in STATUSES:
            raise ValueError(f"{str(status)[:80]!r} is no status")
        self._fact("vex", self.node, product, component, status, when)

    def severity(self, vectors: Iterable[object], *, exploited: bool = False) -> None:
        """How it is used and what that gives, by the first CVSS vector that is one."""
        for vector in vectors:
            metrics = _metrics(vector)
            use = _use(metrics)
            if use is None:
                continue
            for what in use[1]:
                self._fact("grants", self.node, use[0], what, confidence=Confidence.INFERRED)
            self._fact("exploit", self.node, _cost(metrics, exploited), confidence=Confidence.INFERRED)
            return

    def _fact(self, predicate: str, *terms: str | int, confidence: Confidence = Confidence.OBSERVED) -> None:
        self._sink.fact(predicate, *terms, place=self._place, confidence=confidence)


def seconds(text: object) -> int:
    """An ISO 8601 time as seconds since 1970; 0 for none."""
    try:
        return max(0, int(datetime.fromisoformat(str(text)).timestamp()))
    except (ValueError, OverflowError, OSError):
        return 0


def _metrics(vector: object) -> dict[str, str]:
    """The metrics of a CVSS vector of any version."""
    if not isinstance(vector, str) or len(vector) > 500:
        return {}
    return {key: value for key, _, value in (part.partition(":") for part in vector.strip("()").split("/"))}


def _use(metrics: dict[str, str]) -> tuple[str, tuple[str, ...]] | None:
    """(how, what): an attack that costs both secrecy and integrity entirely runs code; one that costs secrecy reads."""
    place = metrics.get("AV")
    secrecy = metrics.get("C", metrics.get("VC"))
    integrity = metrics.get("I", metrics.get("VI"))
    if place is None or secrecy is None or integrity is None:
        return None
    total = ("H", "C")  # CVSS 2 says "complete"
    code, read = secrecy in total and integrity in total, secrecy in total
    if place in ("N", "A"):
        if metrics.get("UI", "N") != "N":
            return "client", ("code",) if code else ()
        return "remote", ("code",) if code else ("read",) if read else ()
    if place == "L" and metrics.get("UI", "N") != "N":
        return "client", ("code",) if code else ()
    return "local", ("root",) if place == "L" and code else ()


def _cost(metrics: dict[str, str], exploited: bool) -> int:
    """The scale of the packs: 3 published, 6 known without an exploit, 10 hard; more where rights are needed first."""
    hard = metrics.get("AC") == "H" or metrics.get("AT") == "P"
    proved = exploited or metrics.get("E") in ("A", "P", "F", "H", "POC")
    cost = PUBLISHED if proved else HARD if hard else UNPUBLISHED
    rights = metrics.get("PR", {"S": "L", "M": "H"}.get(metrics.get("Au", ""), "N"))
    return cost + (_ACCOUNT if rights == "L" else _OPERATOR if rights == "H" else 0)


def strings(value: Any) -> list[str]:
    """The texts of a list; [] for anything else."""
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; [] for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
