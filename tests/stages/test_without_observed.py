import pytest

from mithridate.model.entry import Boundary, EntryKind, EntryPoint
from mithridate.model.errors import UsageError
from mithridate.stages.construct import without_observed
from mithridate.stages.verification import require_real_sandbox


def door(kind: EntryKind) -> EntryPoint:
    common = {"component": "c", "language": "x", "name": kind.value, "boundary": Boundary.REAL, "arguments": (), "suffix": ""}
    return EntryPoint(id=kind.value, kind=kind, binaries=(), **common)  # type: ignore[arg-type]


def test_what_calls_functions_with_made_up_arguments_is_never_run_without_a_sandbox() -> None:
    kept, refused = without_observed([door(kind) for kind in EntryKind])
    assert {entry.kind for entry in kept} == {EntryKind.FUZZ_TARGET, EntryKind.PROGRAM_FILE, EntryKind.PROGRAM_STDIN}
    assert {skipped.what for skipped in refused} == {"application", "function", "command", "harness"}


@pytest.mark.parametrize("kind", [EntryKind.APPLICATION, EntryKind.FUNCTION, EntryKind.COMMAND])
def test_such_a_proof_is_not_replayed_without_a_sandbox_either(kind: EntryKind) -> None:
    require_real_sandbox("bubblewrap", door(kind))
    require_real_sandbox("unsafe-host", door(EntryKind.PROGRAM_FILE))
    with pytest.raises(UsageError, match="real sandbox"):
        require_real_sandbox("unsafe-host", door(kind))
