"""Engines by name."""

from collections.abc import Callable

from mithridate.hunt.engines.aflplusplus import AflPlusPlus
from mithridate.hunt.engines.atheris.engine import AtherisEngine
from mithridate.hunt.engines.calls.engine import CallsEngine
from mithridate.hunt.engines.interface import Engine
from mithridate.hunt.engines.libfuzzer import LibFuzzer
from mithridate.hunt.engines.octets.engine import OctetsEngine
from mithridate.hunt.engines.requests.engine import RequestEngine
from mithridate.model.entry import NATIVE
from mithridate.model.errors import UsageError
from mithridate.oracles.documents import ConfinementOracle

_ENGINES: dict[str, Callable[[], Engine]] = {
    LibFuzzer.name: LibFuzzer,
    AflPlusPlus.name: AflPlusPlus,
    OctetsEngine.name: OctetsEngine,  # first where it is for anything: that is native code
    CallsEngine.name: CallsEngine,
    AtherisEngine.name: AtherisEngine,
    RequestEngine.name: lambda: RequestEngine(oracle=ConfinementOracle()),
}


def names() -> tuple[str, ...]:
    """All engine names, in the order in which the scheduler tries them."""
    return tuple(_ENGINES)


def native() -> tuple[str, ...]:
    """The names of the engines whose inputs are bytes."""
    return tuple(name for name in _ENGINES if create(name).kinds == NATIVE)


def create(name: str) -> Engine:
    """The engine of that name; UsageError if there is none."""
    if name not in _ENGINES:
        raise UsageError(f"there is no engine named {name!r}", hint=f"choose from: {', '.join(_ENGINES)}")
    return _ENGINES[name]()
