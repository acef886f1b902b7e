"""The patched project builds, from nothing, and its compiler warns of nothing that it did not warn of before."""

from mithridate.model.patch import GateStep
from mithridate.repair.steps.interface import Case, Seen, failed, passed


class Builds:
    """Whether the clean build brought new warnings. That there is a build is the gate's own concern."""

    step = GateStep.BUILDS

    def check(self, case: Case) -> Seen:
        """Counts of warnings are compared: a patch has no reason to bring one."""
        before, after = case.bench.original.warnings, case.built.warnings
        if after > before:
            return failed(f"the build warns {after} times, {before} before the patch")
        return passed(f"built from nothing; {after} warnings, {before} before the patch")
