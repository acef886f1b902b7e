"""Which converters a record of each kind goes through, and what it says put into a sink."""

from typing import Any

from mithridate.estate.readers import directory_certificates as certificates
from mithridate.estate.readers import directory_objects as objects
from mithridate.estate.readers.directory_objects import Converter, Described, Statements
from mithridate.estate.readers.interface import Sink

_CONVERTERS: dict[str, tuple[Converter, ...]] = {
    "User": (objects.user,),
    "Computer": (objects.computer,),
    "Group": (objects.group,),
    "Domain": (objects.domain,),
    "OU": (objects.container,),
    "Container": (objects.container,),
    "AIACA": (certificates.authority,),
    "RootCA": (certificates.root,),
    "EnterpriseCA": (certificates.enterprise,),
    "NTAuthStore": (certificates.store,),
    "CertTemplate": (certificates.template,),
    "IssuancePolicy": (certificates.policy,),
}


def describe(kind: str, record: dict[str, Any], told: Statements) -> str:
    """Put what an object's record says into `told`; its node. `kind` is BloodHound's word ("User")."""
    seen = Described(kind, record, told)
    for convert in _CONVERTERS.get(kind, ()):
        convert(seen)
    return seen.node


def state(told: Statements, place: int, sink: Sink) -> None:
    """Put one record's facts into the sink."""
    for confidence, rows in told.by_confidence():
        for predicate, some in rows.items():
            sink.facts(predicate, some, place, confidence)
    sink.record()
