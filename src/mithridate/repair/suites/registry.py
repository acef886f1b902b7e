"""All kinds of suites in the order in which they are tried: the first that tells results on the unpatched tree is the one."""

from mithridate.repair.suites.automake import Automake
from mithridate.repair.suites.ctest import CTest
from mithridate.repair.suites.interface import Suite
from mithridate.repair.suites.make import MakeTest, TestScript
from mithridate.repair.suites.meson import Meson
from mithridate.repair.suites.pytest import Pytest
from mithridate.repair.suites.unittest import DjangoTest, Unittest

SUITES: tuple[Suite, ...] = (CTest(), Meson(), Automake(), MakeTest(), TestScript(), Pytest(), DjangoTest(), Unittest())
