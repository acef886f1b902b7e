"""Terraform: a state (version 4), or what `terraform show -json` writes of a state or a plan."""

import re
from pathlib import Path

from mithridate.estate.readers.azure_resources import AZURE_TYPES
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.terraform_aws import AWS_TYPES, Aws
from mithridate.estate.readers.terraform_azure import Azure
from mithridate.estate.readers.terraform_resources import resources
from mithridate.model.errors import UsageError

_MARK = re.compile(rb'"terraform_version"\s*:\s*"')
_MOST = 500_000
"""Resources of one file that are kept, since they refer to each other."""


class Terraform:
    """See the module."""

    name = "terraform"
    title = "Terraform state and plan JSON"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It tells Terraform's version near its beginning."""
        return path.suffix.lower() in (".json", ".tfstate") and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no JSON, or more resources than one file may have."""
        found = []
        for one in resources(path, sink, AWS_TYPES | AZURE_TYPES):
            found.append(one)
            sink.record()
            if len(found) > _MOST:
                raise UsageError(f"{path} has more than {_MOST:,} resources")
        Aws(found, sink).state()
        Azure(found, sink).state()
