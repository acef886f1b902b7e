"""All readers, in the order in which they are asked whether they recognise a file."""

from pathlib import Path

from mithridate.estate.facts import FactBase
from mithridate.estate.readers.bloodhound import BloodHound
from mithridate.estate.readers.by_hand import ByHand
from mithridate.estate.readers.csaf import Csaf
from mithridate.estate.readers.csv_facts import CsvFacts
from mithridate.estate.readers.csv_tables import CsvTables
from mithridate.estate.readers.cyclonedx import CycloneDx
from mithridate.estate.readers.cyclonedx_xml import CycloneDxXml
from mithridate.estate.readers.interface import HEAD_BYTES, Reader, Sink
from mithridate.estate.readers.iptables import Iptables
from mithridate.estate.readers.kubernetes import Kubernetes
from mithridate.estate.readers.mulval import MulVal
from mithridate.estate.readers.nessus import Nessus
from mithridate.estate.readers.nftables import Nftables
from mithridate.estate.readers.nmap import Nmap
from mithridate.estate.readers.opengraph import OpenGraph
from mithridate.estate.readers.openvas import OpenVas
from mithridate.estate.readers.openvex import OpenVex
from mithridate.estate.readers.osv import Osv
from mithridate.estate.readers.own_results import OwnResults
from mithridate.estate.readers.spdx import Spdx
from mithridate.estate.readers.spdx3 import Spdx3
from mithridate.estate.readers.spdx_tag_value import SpdxTagValue
from mithridate.estate.readers.terraform import Terraform
from mithridate.model.errors import UsageError
from mithridate.model.estate import Reading

READERS: tuple[Reader, ...] = (
    OwnResults(),
    CycloneDx(),
    CycloneDxXml(),
    Spdx(),
    Spdx3(),
    SpdxTagValue(),
    OpenVex(),
    Csaf(),
    Osv(),
    BloodHound(),
    OpenGraph(),
    Nmap(),
    Nessus(),
    OpenVas(),
    Kubernetes(),
    Terraform(),
    ByHand(),
    MulVal(),
    Nftables(),
    Iptables(),
    CsvTables(),
    CsvFacts(),
)


def read(path: Path, base: FactBase, name: str | None = None) -> Reading:
    """Read one file with the reader that recognises it, or with the one called `name`.

    UsageError for a file that cannot be opened, that no reader recognises, or that is not what it claims to be.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    reader = _chosen(path, head, name)
    sink = Sink(base, str(path), reader.name)
    reader.read(path, sink)
    return sink.reading


def _chosen(path: Path, head: bytes, name: str | None) -> Reader:
    known = ", ".join(r.name for r in READERS)
    if name is not None:
        for reader in READERS:
            if reader.name == name:
                return reader
        raise UsageError(f"there is no reader {name}", hint=f"there are: {known}")
    for reader in READERS:
        if reader.recognises(path, head):
            return reader
    raise UsageError(f"no reader recognises {path}", hint=f"name one as READER:{path}; there are: {known}")
