"""What every ability works with, and the questions that each asks first: is it served, does a scope allow it, may it be shown?"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mithridate.mcp.confinement import Confinement
from mithridate.mcp.settings import Settings
from mithridate.model.errors import PolicyRefusal, UsageError
from mithridate.model.exchange import DataClass
from mithridate.model.run import Observer, RunReport
from mithridate.policy.allowance import Allowance
from mithridate.policy.scope import Scope, parse, require
from mithridate.stages.session import Stores
from mithridate.store.runs import RunRecord


@dataclass(frozen=True)
class Work:
    """One call at work in this process. `gives` are the classes of data that its answer may hold."""

    settings: Settings
    observer: Observer
    allowance: Allowance
    gives: frozenset[DataClass]

    @cached_property
    def stores(self) -> Stores:
        """What is kept of runs."""
        return Stores.open(self.settings.home)

    @cached_property
    def confinement(self) -> Confinement:
        """What may be read."""
        return Confinement(self.settings.roots)

    def served(self, record_target: str) -> bool:
        """Does the target of a run lie in the served directories?"""
        return Path(record_target) in self.confinement

    def scope_of(self, target: Path) -> Scope:
        """The scope under which a project may be worked on and shown. PolicyRefusal when there is none that says so."""
        scope = require(target, self.settings.scope)
        scope.require_sandbox(self.settings.sandbox)
        self.require_shown(scope)
        return scope

    def require_shown(self, scope: Scope, gives: frozenset[DataClass] | None = None) -> None:
        """PolicyRefusal unless the scope lets the agent see what this call gives, or just `gives`."""
        scope.require_disclosed(self.settings.agent, self.gives if gives is None else gives)

    def scope_of_file(self, file: Path) -> Scope:
        """The scope of a single file, which may lie in a directory above it: as for the files of an estate."""
        from mithridate.stages.estate import permitted  # only now: with the solver comes half a second

        scope = permitted(file, self.settings.scope)
        self.require_shown(scope)
        return scope

    def run(self, run_id: str, gives: frozenset[DataClass] | None = None) -> RunRecord:
        """A run that may be shown: its target is served, its scope still holds, and that scope, or the one that the target has
        today, lets the agent see what this call gives, or just `gives`. UsageError when there is no such run."""
        record = self.stores.runs.load(run_id)
        if not self.served(record.options.target):
            raise PolicyRefusal(f"run {run_id} is of a target outside of what this server serves")
        scope = parse(record.scope, Path(f"scope of run {run_id}"))
        scope.require_valid()
        try:
            self.require_shown(scope, gives)
        except PolicyRefusal as refusal:
            try:
                today = require(Path(record.options.target), self.settings.scope)
            except UsageError:  # the target is gone
                raise refusal from None
            self.require_shown(today, gives)
        return record

    def report(self, run_id: str) -> RunReport:
        """The report of such a run; UsageError while it is unfinished."""
        return self.stores.runs.report(self.run(run_id).id)
