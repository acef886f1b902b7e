"""What the hunt makes of what engines noted."""

from mithridate.model.violation import Clean, Violation, ViolationKind
from mithridate.stages.search import _quiet


def _seen(*kinds: ViolationKind) -> tuple[Violation, ...]:
    return tuple(Violation(kind=kind, detector="x", message="") for kind in kinds)


def test_a_quick_look_drops_only_what_did_nothing_but_run_on() -> None:
    assert _quiet(Clean())
    assert _quiet(_seen(ViolationKind.TIMEOUT))
    assert not _quiet(_seen(ViolationKind.TIMEOUT, ViolationKind.HEAP_BUFFER_OVERFLOW))
    assert not _quiet(None)
