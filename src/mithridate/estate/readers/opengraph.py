"""BloodHound OpenGraph: JSON with "graph", whose nodes and edges may be of any kind.

Nodes of Active Directory are read as the collector's own; others keep their first kind. Names of kinds become the kind of our
nodes in lower case. The file is read twice: nodes first, since an edge tells only the identifiers at its ends.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from sys import intern
from typing import IO, Any

from mithridate.estate.readers.directory_names import KINDS, OBJECT
from mithridate.estate.readers.directory_objects import Statements
from mithridate.estate.readers.directory_records import describe, state
from mithridate.estate.readers.directory_rights import RIGHTS
from mithridate.estate.readers.interface import LONGEST_NAME, Sink
from mithridate.estate.readers.json_records import RecordTooLarge, records, refuse_other_encodings, without_mark
from mithridate.model.errors import UsageError
from mithridate.model.estate import Confidence

Opener = Callable[[], AbstractContextManager[IO[bytes]]]

_GRAPH = re.compile(rb'"graph"\s*:\s*\{')
_SHARED_KINDS = frozenset({"Base", "AZBase", "Entity"})
_NO_WORD = re.compile(r"[^a-z0-9]+")
_MOST_KINDS = 10_000
_BATCH = 1000

DIRECTORY_KINDS = RIGHTS | {
    *("MemberOf", "MemberOfLocalGroup", "LocalToComputer", "RemoteInteractiveLogonRight", "HasSession", "Contains", "GPLink"),
    *("AllowedToDelegate", "AllowedToAct", "CoerceToTGT", "AdminTo", "CanPSRemote", "CanRDP", "ExecuteDCOM", "SQLAdmin"),
    *("HasSIDHistory", "DumpSMSAPassword", "DCFor", "SameForestTrust", "CrossForestTrust", "SpoofSIDHistory"),
    *("AbuseTGTDelegation", "HasTrustKeys", "SyncedToEntraUser", "RootCAFor", "NTAuthStoreFor", "TrustedForNTAuth"),
    *("EnterpriseCAFor", "IssuedSignedBy", "PublishedTo", "HostsCAService", "DelegatedEnrollmentAgent", "EnrollOnBehalfOf"),
    *("OIDGroupLink", "ExtendedByPolicy", "GoldenCert", "ADCSESC1", "ADCSESC3", "ADCSESC4", "ADCSESC6a", "ADCSESC6b"),
    *("ADCSESC9a", "ADCSESC9b", "ADCSESC10a", "ADCSESC10b", "ADCSESC13", "CoerceAndRelayNTLMToSMB"),
    *("CoerceAndRelayNTLMToADCS", "CoerceAndRelayNTLMToLDAP", "CoerceAndRelayNTLMToLDAPS", "ProtectAdminGroups"),
    *("ClaimSpecialIdentity", "ContainsIdentity", "PropagatesACEsTo", "GPOAppliesTo", "CanApplyGPO", "CanBackup"),
    *("BackupPrivilege", "RestorePrivilege"),
}
"""Kinds of edges that the directory's rules know, traversable or not."""
_NOT_TRAVERSABLE = re.compile(r"AZMG|AZScopedTo$|AZRoleApprover$|AZRoleEligible$")


class OpenGraph:
    """The reader of OpenGraph files."""

    name = "opengraph"
    title = "BloodHound OpenGraph JSON"

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the seam's signature
        """A JSON document with "graph" in it."""
        return looks_like(without_mark(head))

    def read(self, path: Path, sink: Sink) -> None:
        """Put all nodes and edges into the sink."""
        with path.open("rb") as file:
            refuse_other_encodings(file.read(4), str(path))
        read(lambda: path.open("rb"), str(path), sink)


def looks_like(text: bytes) -> bool:
    """The start of a document is that of an OpenGraph file: "graph" with "nodes" or "edges", "metadata" before it or not."""
    found = _GRAPH.search(text)
    return text.startswith(b"{") and found is not None and text[found.end() :].lstrip()[:7] in (b'"nodes"', b'"edges"', b"")


def read(opened: Opener, name: str, sink: Sink) -> None:
    """Read a document that is opened twice. UsageError when nothing in it can be read."""
    graph = _Graph(sink)
    nodes = _each(opened, "graph.nodes.item", name, 0, graph.node, sink)
    last = _each(opened, "graph.edges.item", name, nodes, lambda place, edge: graph.edge(place, edge, opened), sink)
    graph.flush()
    if not last:
        raise UsageError(f"{name} holds no graph with nodes or edges")


def _each(opened: Opener, prefix: str, name: str, before: int, take: Callable[[int, Any], None], sink: Sink) -> int:
    """Hand each record to `take`; places count from `before`. Returns the last."""
    place = before
    with opened() as file:
        try:
            for place, record in enumerate(records(file, prefix), before + 1):
                with sink.tolerate(place):
                    take(place, record)
        except (ValueError, RecordTooLarge) as error:
            if not sink.reading.records:
                raise UsageError(f"{name} is no JSON that can be read: {error}") from None
            sink.broken(place + 1, f"the rest of the file is not read: {error}")
    return place


class _Graph:
    """What is known of a document while it is read."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._kinds: dict[str, str] = {}
        """The identifier of each node → its kind."""
        self._names: dict[str, str] | None = None
        self._edge_kinds: set[str] = set()
        self._edges: list[tuple[str, str, str]] = []
        self._places: list[int] = []

    def node(self, place: int, node: Any) -> None:
        """State a node. Places count nodes, then edges."""
        kinds = [k for k in node["kinds"] if isinstance(k, str)]
        identifier = _identifier(node["id"])
        properties: dict[str, Any] = node.get("properties") or {}
        record: dict[str, Any] = {"ObjectIdentifier": identifier, "Properties": properties}
        known = next((k for k in kinds if k in KINDS), None)
        told = Statements()
        if known is not None:
            describe(known, record, told)
        else:
            _other(f"{_kind(kinds)}:{identifier}", properties, told)
        self._kinds[identifier] = KINDS[known] if known is not None else _kind(kinds)
        state(told, place, self._sink)

    def edge(self, place: int, edge: Any, opened: Opener) -> None:
        """State an edge."""
        kind = edge["kind"]
        if not isinstance(kind, str) or not kind:
            raise ValueError("an edge without a kind")
        start, end = self._end(edge["start"], opened), self._end(edge["end"], opened)
        if kind not in self._edge_kinds:
            self._first(kind, edge.get("properties") or {}, place)
        if max(len(kind), len(start), len(end)) > LONGEST_NAME:
            raise ValueError("a name that is too long")
        self._edges.append((kind, start, end))
        self._places.append(place)
        self._sink.record()
        if len(self._edges) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """State the edges that were kept back to be stated together."""
        self._sink.facts("edge", self._edges, self._places)
        self._edges.clear()
        self._places.clear()

    def _end(self, end: Any, opened: Opener) -> str:
        match = end.get("match_by") or "id"
        identifier = _identifier(end["value"])
        if match == "name":
            return self._named(identifier, end.get("kind"), opened)
        if match != "id":
            raise ValueError(f"an end that is matched by {str(match)[:50]}")
        known = self._kinds.get(identifier)
        return f"{known or _kind([end['kind']] if isinstance(end.get('kind'), str) else [])}:{identifier}"

    def _named(self, name: str, kind: Any, opened: Opener) -> str:
        if self._names is None:
            self._names = {}
            with opened() as file:
                for node in records(file, "graph.nodes.item"):
                    told = (node.get("properties") or {}).get("name") if isinstance(node, dict) else None
                    if isinstance(told, str) and isinstance(node.get("id"), str):
                        identifier = node["id"].upper()
                        self._names[told.upper()] = f"{self._kinds.get(identifier, OBJECT)}:{identifier}"
        return self._names.get(name) or f"{_kind([kind] if isinstance(kind, str) else [])}:{name}"

    def _first(self, kind: str, properties: dict[str, Any], place: int) -> None:
        """The first edge of a kind. One that no rule knows may be walked along, unless the file says otherwise."""
        if len(self._edge_kinds) >= _MOST_KINDS:
            raise ValueError(f"more than {_MOST_KINDS} kinds of edges")
        self._edge_kinds.add(kind)
        if kind in DIRECTORY_KINDS or _NOT_TRAVERSABLE.match(kind):
            return
        told = properties.get("traversable", properties.get("is_traversable"))
        if told is not False:
            sure = Confidence.OBSERVED if told is True else Confidence.INFERRED
            self._sink.fact("traversable", kind, place=place, confidence=sure)


def _identifier(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a node without an identifier")
    return value.upper()


def _kind(kinds: list[str]) -> str:
    """Our word for a node's kinds: the directory's, else the first that is not shared by all."""
    for kind in kinds:
        if kind in KINDS:
            return KINDS[kind]
    for kind in kinds:
        if kind not in _SHARED_KINDS and (word := _NO_WORD.sub("-", kind.lower()).strip("-")):
            return intern(word)
    return OBJECT


def _other(node: str, properties: dict[str, Any], told: Statements) -> None:
    for key in ("name", "displayname"):
        if isinstance(properties.get(key), str) and properties[key]:
            told.say("label", node, properties[key])
            break
    told.say("identifier", node, "id", node.partition(":")[2])
    if properties.get("highvalue") is True or "admin_tier_0" in str(properties.get("system_tags", "")):
        told.say("critical", node)
