"""The proposers for Python, one of each."""

from collections.abc import Callable

from mithridate.repair.interface import Proposer
from mithridate.repair.python.addresses import AddressProposer
from mithridate.repair.python.archives import ArchiveProposer
from mithridate.repair.python.arguments import ArgumentProposer
from mithridate.repair.python.code import CodeProposer, ImportProposer
from mithridate.repair.python.escapes import HeaderProposer, LdapProposer, LogProposer, RegexProposer, XPathProposer
from mithridate.repair.python.loaders import LoaderProposer, XmlProposer
from mithridate.repair.python.markup import MarkupProposer
from mithridate.repair.python.paths import PathProposer
from mithridate.repair.python.recursion import RecursionProposer
from mithridate.repair.python.redirects import RedirectProposer
from mithridate.repair.python.shell import ShellProposer
from mithridate.repair.python.slow_patterns import PatternProposer
from mithridate.repair.python.sql import SqlProposer
from mithridate.repair.python.templates import TemplateProposer
from mithridate.repair.python.xml_documents import XmlDocumentProposer

PYTHON_PROPOSERS: tuple[Callable[[], Proposer], ...] = (
    SqlProposer,
    ShellProposer,
    ArgumentProposer,
    ArchiveProposer,
    PathProposer,
    TemplateProposer,
    RedirectProposer,
    MarkupProposer,
    HeaderProposer,
    LogProposer,
    XPathProposer,
    LdapProposer,
    RegexProposer,
    CodeProposer,
    ImportProposer,
    LoaderProposer,
    XmlProposer,
    XmlDocumentProposer,
    AddressProposer,
    PatternProposer,
    RecursionProposer,
)
"""Where two know the same kind, the one whose change is at the root comes first."""
