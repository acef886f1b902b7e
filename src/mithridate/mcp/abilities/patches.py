"""A diff of the agent's, through the gate."""

from mithridate.mcp.catalogue import OneDiff
from mithridate.mcp.shapes import Answer
from mithridate.mcp.work import Work
from mithridate.model.errors import UsageError
from mithridate.model.patch import Proposal
from mithridate.report.json_v1 import patch_document
from mithridate.stages.repair import PatchOptions
from mithridate.stages.submission import submit


def test_patch(asked: OneDiff, work: Work) -> Answer:
    """The gate's record, as results.json has it."""
    settings = work.settings
    if len(asked.diff.encode("utf-8", "surrogatepass")) > settings.input_bytes:
        raise UsageError(f"the diff has more than {settings.input_bytes} bytes")
    run = work.run(asked.run)
    proposal = Proposal(
        proposer=settings.agent,
        cause=f"as {settings.agent} sees it",
        fix=f"A change that {settings.agent} made.",
        diff=asked.diff,
    )
    options = PatchOptions(seconds=work.allowance.left_s, jobs=settings.jobs, test=False)
    judged = submit(
        run.id,
        asked.finding,
        proposal,
        work.stores,
        options,
        work.observer,
        work.allowance,
        sandbox=settings.sandbox,
        keep=asked.keep,
    )
    stopped = judged.patch.stopped_by
    return {
        "run": run.id,
        "finding": asked.finding,
        "stopped_by": stopped.value if stopped else None,
        "patch": patch_document((judged.patch,)),
        "silences_too": list(judged.silences),
        "kept": judged.kept,
    }
