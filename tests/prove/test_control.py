import pytest

from mithridate.model.finding import ControlTier
from mithridate.model.violation import ViolationKind
from mithridate.prove.control import Measurement, measure
from mithridate.prove.replay import Replayer


def measured(target, replayer: Replayer, data: bytes) -> Measurement:
    violation = replayer.observe(target.entry, target.binary, data).violations[0]
    return measure(replayer, target.entry, target.binary, data, violation, 12)


def test_a_write_whose_place_follows_a_byte_is_a_controlled_write(target, replayer: Replayer) -> None:
    control = measured(target, replayer, b"w\x18").control
    assert control.tier is ControlTier.CONTROLLED_WRITE
    assert control.evidence[0] == (
        "Changing byte 1 from 0x18 to 0x19 moved the write from 8 bytes past the end of a heap object of 16 bytes "
        "to 9 bytes past the end of a heap object of 16 bytes."
    )


def test_a_write_that_no_byte_moves_stays_uncontrolled(target, replayer: Replayer) -> None:
    control = measured(target, replayer, b"f\x18junk").control
    assert control.tier is ControlTier.UNCONTROLLED_READ
    assert "moved where or how much is written" in control.evidence[0]
    assert control.perturbations > 10


def test_a_read_whose_size_follows_a_byte_is_a_controlled_read(target, replayer: Replayer) -> None:
    control = measured(target, replayer, b"r\x20").control
    assert control.tier is ControlTier.CONTROLLED_READ
    assert "Changing byte 1 from 0x20 to 0x21 changed the size of the read from 32 bytes to 33 bytes." in control.evidence


def test_address_randomisation_is_not_control(target, replayer: Replayer) -> None:
    data = b"a\x18junk"
    violation = replayer.observe(target.entry, target.binary, data).violations[0]
    assert violation.kind is ViolationKind.WILD_POINTER
    assert measure(replayer, target.entry, target.binary, data, violation, 12).control.tier is ControlTier.UNCONTROLLED_READ


def test_a_jump_whose_target_follows_the_input_is_controlled_execution(target, replayer: Replayer) -> None:
    data = b"j" + (0x41414000).to_bytes(8, "little")
    violation = replayer.observe(target.entry, target.binary, data).violations[0]
    assert violation.kind is ViolationKind.WILD_JUMP
    control = measure(replayer, target.entry, target.binary, data, violation, 12).control
    assert control.tier is ControlTier.CONTROLLED_EXECUTION
    assert "moved the target of the jump from address 0x41414000 to address" in control.evidence[0]


@pytest.mark.parametrize("data", [b"n", b"s"])
def test_a_null_pointer_or_an_exhausted_stack_only_stops_the_program(target, replayer: Replayer, data: bytes) -> None:
    assert measured(target, replayer, data).control.tier is ControlTier.STOPS_PROGRAM


def test_a_near_miss_differs_in_one_place_and_fires_nothing(target, replayer: Replayer) -> None:
    near_miss = measured(target, replayer, b"f").near_miss
    assert near_miss is not None
    assert replayer.observe(target.entry, target.binary, near_miss.data).violations == ()
