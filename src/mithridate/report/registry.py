"""Output formats by name."""

from collections.abc import Mapping
from types import MappingProxyType

from mithridate.report.html import HtmlWriter
from mithridate.report.interface import Writer
from mithridate.report.json_v1 import JsonWriter
from mithridate.report.markdown import MarkdownWriter
from mithridate.report.sarif import SarifWriter


def writers() -> Mapping[str, Writer]:
    """Every writer by the name that `--format` takes."""
    made: tuple[Writer, ...] = (JsonWriter(), SarifWriter(), HtmlWriter(), MarkdownWriter())
    return MappingProxyType({writer.name: writer for writer in made})
