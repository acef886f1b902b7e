"""How a supervised process is told to have ended, where no look at it came in time."""

import os
import threading
from collections.abc import Callable

import pytest

from mithridate.model.execution import Ending, Limits
from mithridate.sandbox.supervisor import Outcome, supervise


def ended(refused: Callable[[], bool] | None, cancel: threading.Event | None = None) -> Outcome:
    """Of a process that is over at once; its tree is never seen."""
    stdin = os.open(os.devnull, os.O_RDONLY)
    try:
        return supervise(
            ["/bin/sh", "-c", "exit 2"],
            pass_fds=(),
            stdin=stdin,
            limits=Limits(),
            find_tree=lambda _: None,
            refused=refused,
            cancel=cancel,
        )
    finally:
        os.close(stdin)


@pytest.mark.parametrize(
    ("refused", "ending"),
    [(None, None), (lambda: False, None), (lambda: True, Ending.PROCESS_LIMIT)],
    ids=["unknown", "no", "yes"],
)
def test_what_was_refused_a_process_has_met_its_limit_though_it_ended_by_itself(
    refused: Callable[[], bool] | None, ending: Ending | None
) -> None:
    outcome = ended(refused)
    assert (outcome.ending, outcome.code) == (ending, 2)
