"""What a program that was run for the workbench said, without what is different in every run."""

import json
import re

from mithridate.model.execution import Ending
from mithridate.repair.interface import Output

_AN_ERROR = 400
"""The first status of HTTP that is one."""
_VARYING = re.compile(rb"0x[0-9a-f]{4,16}|==\d+==|\bpid \d+|\d+\.\d+ ?(?:s|ms|sec\w*)\b")


def steady(text: bytes) -> bytes:
    """Without addresses, process numbers and times."""
    return _VARYING.sub(b"#", text)


def answered(records: str) -> Output | None:
    """The answers in an observer's records, with the run's tokens replaced by their numbers and without dates and cookies.

    Of what was raised the type tells (how the answer stands), and not its words: they often repeat what the program tried to do.

    None where the observer stopped something: then the answer is its own, and not what the program would say. None too
    where there is no answer at all: two of those say nothing of what a patch changed.
    """
    lines: list[object] = []
    standing: list[str] = []
    refused = False
    marks: list[tuple[str, str]] = []
    ending, code = Ending.EXITED, 0
    for line in records.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if not isinstance(record, dict):
            continue
        if isinstance(seen := record.get("observed"), dict) and seen.get("stopped"):
            return None
        if isinstance(told := record.get("marks"), list):
            marks = [(str(token), f"<{number}>") for number, *tokens in told for token in tokens]
        if isinstance(answer := record.get("answer"), dict):
            headers = [
                h for h in answer.get("headers") or [] if str(h[0]).lower() not in ("date", "set-cookie", "content-length")
            ]
            told_ = {name: answer.get(name) for name in ("body", "returned")}
            lines.append({"phase": record.get("phase"), **told_, "headers": headers})
            status, raised = answer.get("status"), str(answer.get("raised") or "").partition(":")[0]
            standing.append(f"{record.get('phase')}: {status} {raised}".strip())
            refused |= bool(raised) or (isinstance(status, int) and status >= _AN_ERROR)
        if "ended" in record and record["ended"] != "done":
            code = 1
    if not lines:
        return None
    text = json.dumps(lines, sort_keys=True)
    for token, name in marks:
        text = re.sub(re.escape(token), name, text, flags=re.IGNORECASE)
    stands = "\n".join(standing).encode()
    return Output(ending=ending, exit_code=code, stdout=steady(text.encode()), stderr=stands, refused=refused)
