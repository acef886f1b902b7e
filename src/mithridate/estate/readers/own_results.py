"""Mithridate's own results.json (version 1): what was proved in a project becomes a flaw of a component of that name."""

import re
from pathlib import Path
from typing import Any

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import records_of, value_of
from mithridate.model.errors import UsageError

_MARK = re.compile(rb'\A\s*\{\s*"version"\s*:\s*1\s*,\s*"run"\s*:')
_GIVES = {5: ("code", 1), 4: ("code", 2), 3: ("read", 2)}
"""What a control tier gives, and what using it costs with a replayable proof at hand; tiers 1 and 2 stop the program at most."""


class OwnResults:
    """Only what is proved counts, with its proof and control tier. A patch's status is told: deploying one is an action."""

    name = "mithridate"
    title = "Mithridate's results.json"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It begins as our documents do."""
        return path.suffix.lower() == ".json" and bool(_MARK.match(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no JSON or another version."""
        if value_of(path, "version") != 1:
            raise UsageError(f"{path} is no results.json of version 1")
        project = value_of(path, "project.name")
        if not isinstance(project, str) or not project:
            raise UsageError(f"{path} names no project")
        for number, finding in enumerate(records_of(path, "findings.item"), start=1):
            with sink.tolerate(number):
                self._finding(project, finding, sink, number)

    def _finding(self, project: str, finding: Any, sink: Sink, place: int) -> None:
        if finding["status"] != "proved":
            return
        flaw = f"vulnerability:{project} {finding['id']}: {finding['title']}"[:500]
        tier = int(finding["control"]["tier"])
        sink.record()
        sink.fact("finding", flaw, project.lower(), place=place)
        sink.fact("control", flaw, tier, place=place)
        sink.fact("proof_of", flaw, _proof(finding, sink), place=place)
        if tier in _GIVES:
            what, cost = _GIVES[tier]
            sink.fact("proved", flaw, "remote", what, place=place)
            sink.fact("exploit", flaw, cost, place=place)
        patch = finding.get("patch")
        if isinstance(patch, dict) and isinstance(patch.get("status"), str):
            sink.fact("patch_of", flaw, patch["status"], place=place)


def _proof(finding: Any, sink: Sink) -> str:
    """What proves it: the bundle as the document names it, else the input's hash, else the document."""
    proofs = finding.get("proofs")
    first = proofs[0] if isinstance(proofs, list) and proofs and isinstance(proofs[0], dict) else {}
    for key in ("bundle", "input"):
        if isinstance(first.get(key), str) and first[key]:
            return str(first[key])
    return sink.reading.source
