"""All rules, by what a reviewer would look at first."""

from mithridate.repair.symptoms.assertions import SilencedAssertions
from mithridate.repair.symptoms.constants import HardCodedBounds
from mithridate.repair.symptoms.cut_short import CutShort
from mithridate.repair.symptoms.deletions import Deletions
from mithridate.repair.symptoms.errors import SwallowedErrors
from mithridate.repair.symptoms.escapes import Escapes
from mithridate.repair.symptoms.guards import SettledGuards
from mithridate.repair.symptoms.interface import Rule
from mithridate.repair.symptoms.limits import UnstatedLimits
from mithridate.repair.symptoms.other_patterns import OtherPatterns
from mithridate.repair.symptoms.places import Places

RULES: tuple[Rule, ...] = (
    Deletions(),
    SettledGuards(),
    SilencedAssertions(),
    SwallowedErrors(),
    CutShort(),
    HardCodedBounds(),
    UnstatedLimits(),
    OtherPatterns(),
    Escapes(),
    Places(),
)
