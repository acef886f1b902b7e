"""No symptom fix: the diff is read, and a benign input that leaves through an added guard unnoticed is a feature lost."""

from collections.abc import Sequence

from mithridate.model.patch import GateStep
from mithridate.repair.crossing import crossing
from mithridate.repair.steps.interface import Case, Seen, failed, passed
from mithridate.repair.steps.known_outputs import before
from mithridate.repair.symptoms.constants import project_numbers
from mithridate.repair.symptoms.interface import Patched, Rule, changes
from mithridate.repair.symptoms.registry import RULES

_NAMED = 6


class Symptom:
    """The rules, then the guards.

    An input that leaves by an added guard counts where the step for outputs cannot tell: the program takes it and says nothing.
    `tolerated` is the share of such inputs among those that run the changed functions.
    """

    step = GateStep.SYMPTOM

    def __init__(self, rules: Sequence[Rule] = RULES, tolerated: float = 0.0) -> None:
        self._rules = rules
        self._tolerated = tolerated

    def check(self, case: Case) -> Seen:
        """All signs are told, not only the first."""
        tree = case.bench.original.tree
        numbers = case.memory.once("the project's numbers", dict, lambda: project_numbers(tree))
        patched = Patched(tree=tree, changes=changes(case.proposal.diff, tree), proofs=case.subject.proofs, numbers=numbers)
        signs = [sign for rule in self._rules for sign in rule.look(patched)]
        if signs:
            more = [f"and {len(signs) - _NAMED} more"] if len(signs) > _NAMED else []
            return failed(*(f"{sign.rule}: {sign.told}" for sign in signs[:_NAMED]), *more)
        looked = f"no sign of: {', '.join(rule.name for rule in self._rules)}"
        lost, told = self._lost(case)
        return failed(told) if lost else passed(looked, told)

    def _lost(self, case: Case) -> tuple[bool, str]:
        seen = crossing(case)
        if not seen.known:
            return False, f"whether a guard turns benign inputs away is unknown: {seen.why}"
        if not seen.watched:
            return False, "whether a guard turns benign inputs away is not watched in this language"
        if not seen.guards:
            return False, "no guard was added whose branch leaves"
        entered = sum(map(len, seen.entered.values()))
        if not entered:
            return False, "no benign input runs the changed function, so its guard was not tried on any"
        left = mute = 0
        for entry_id, turned_away in seen.left.items():
            left += len(turned_away)
            mute += len(turned_away & before(case, entry_id, case.subject.benign[entry_id]).mute)
        told = f"{left} of {entered} benign inputs in the changed functions leave through an added guard ({seen.guards[0]})"
        if mute:
            told += f", {mute} of them without any output to compare"
        return mute > self._tolerated * entered, told
