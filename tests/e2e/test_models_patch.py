"""From a lead to a patch that holds, where no engine finds the flaw and no proposer mends it."""

from bench.models.scripted import Received, Reply, serving
from tests.e2e import project
from tests.e2e.program import Mithridate, check_whole
from tests.e2e.test_models import allow, disclosed

_BEGINS, _ENDS = "    end = calloc", "    free(end);\n"
_BODY = project.FIXED[project.FIXED.index(_BEGINS) : project.FIXED.index(_ENDS) + len(_ENDS)]
_LOOP = """\
    for (i = 8; i < length; i += data[i])
        count++;
    printf("key of %u\\n", count);
"""
SOURCE = project.FIXED.replace(_BODY, _LOOP).replace("    char *end;\n", "    unsigned count = 0;\n")
"""A step of 0 never ends; nothing else is wrong, and the words before it keep the engines out."""

ENDLESS = b"K\x28open up!" + bytes(32)
STEPS = b"K\x28open up!" + b"\x01" * 32


def script(got: Received) -> Reply:
    """Claims the flaw with two inputs, one of which is harmless; then one change that alters an output, and one that does not."""
    if got.is_for("hunter"):
        inputs = [{"form": "hex", "value": data.hex()} for data in (ENDLESS, STEPS)]
        claim = {"file": "notes.c", "line": 37, "function": "read_key", "claim": "a step of 0 never ends", "inputs": inputs}
        return Reply(calls=[("answer", {"leads": [claim]})])
    wrong = {"file": "notes.c", "old": "i += data[i])", "new": "i += data[i] + 1)"}
    right = {"file": "notes.c", "old": "i < length; i += data[i])", "new": "i < length && data[i]; i += data[i])"}
    edits = [right if "This change did not pass" in got.said else wrong]
    return Reply(calls=[("answer", {"cause": "A step of 0.", "fix": "The loop ends at a step of 0.", "edits": edits})])


def test_a_model_finds_and_mends_what_nothing_else_does_and_the_gate_corrects_it(mithridate: Mithridate) -> None:
    assert _LOOP in SOURCE and "free(end)" not in SOURCE
    target = mithridate.authorise(project.write(mithridate.place, SOURCE))
    with serving(script) as server:
        listed = allow(mithridate, target, server, "hunter", "patch-author")
        process = mithridate.scan(target, "--models", listed, "--hang", "2s", "--patch", "90s", "--patch-search", "1s")
        assert process.end() == 10, process.words
    results = check_whole(mithridate.out)
    (finding,) = results["findings"]
    assert (results["options"]["hang_cpu_s"], results["options"]["unit_timeout_s"]) == (2.0, 1.0)
    assert (finding["location"]["function"], finding["proofs"][0]["engine"]) == ("read_key", "hunter")
    patch = finding["patch"]
    assert (patch["status"], patch["proposer"]) == ("validated", "patch-author"), process.words
    assert [(other["proposer"], other["stopped_by"]) for other in patch["others"]] == [("patch-author", "outputs")]
    assert "its standard output was" in server.of("patch-author")[1].said
    (run,) = mithridate.runs()
    assert disclosed(mithridate, run.id) == [got.body for got in server.received]
