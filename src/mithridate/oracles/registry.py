"""All oracles by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mithridate.oracles.address_sanitizer import AddressSanitizer
from mithridate.oracles.leaks import Leaks
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.process_signals import ProcessSignals
from mithridate.oracles.report_oracle import ReportOracle
from mithridate.oracles.resources import Resources
from mithridate.oracles.undefined_behaviour import UndefinedBehaviour

ORACLES: Mapping[str, Callable[[OracleOptions], ReportOracle]] = MappingProxyType(
    {
        AddressSanitizer.name: AddressSanitizer,
        UndefinedBehaviour.name: UndefinedBehaviour,
        ProcessSignals.name: ProcessSignals,
        Resources.name: Resources,
        Leaks.name: Leaks,
    }
)

DEFAULT_ORACLES = (AddressSanitizer.name, UndefinedBehaviour.name, ProcessSignals.name, Resources.name)
