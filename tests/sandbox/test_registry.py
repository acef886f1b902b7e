import pytest

from mithridate.model.errors import UsageError
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.sandbox.registry import SANDBOXES, create


def test_each_sandbox_is_created_by_its_name() -> None:
    assert {name: create(name).name for name in SANDBOXES} == {name: name for name in SANDBOXES}
    assert isinstance(create("bubblewrap"), Bubblewrap)


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as told:
        create("docker")
    assert "bubblewrap" in told.value.hint
