"""Kubernetes: manifests in YAML, one or many documents, and what `kubectl get … -o json` or `-o yaml` writes.

A file is read twice: first for what selects pods by labels (policies, services, ingresses) and for the labels of namespaces, then
for everything. Values of secrets, config maps and environment variables are never looked at. Clusters are told apart by a folder
`cluster=NAME` in the path; files without are of one cluster.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mithridate.estate.readers import kubernetes_rights as rights
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import RecordTooLarge, records
from mithridate.estate.readers.kubernetes_names import Names, entries, labels_of, mapping, text
from mithridate.estate.readers.kubernetes_network import ClusterNetwork
from mithridate.estate.readers.kubernetes_pods import TEMPLATES, Pods
from mithridate.estate.readers.yaml_documents import BrokenYaml, Mapping, documents, opened
from mithridate.model.errors import UsageError
from mithridate.model.estate import Confidence

LARGEST_OBJECT = 64 << 20
"""Bytes of a JSON file that is no list but one object."""
_YAML = re.compile(rb"(?m)^(- |  )?[\"']?apiVersion[\"']?\s*:")
_KIND = re.compile(rb"(?m)^\s*(- )?[\"']?kind[\"']?\s*:")
_JSON = re.compile(rb"\A\s*\{.*?\"apiVersion\"\s*:\s*\"", re.DOTALL)
_CLUSTERWIDE = frozenset({"Namespace", "Node", "ClusterRole", "ClusterRoleBinding", "PersistentVolume"})
_REFUSES = frozenset({"baseline", "restricted"})
Object = tuple[int, dict[str, Any]]


class Kubernetes:
    """See the module."""

    name = "kubernetes"
    title = "Kubernetes manifests and lists"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It says apiVersion and kind at the top, or in a list."""
        match path.suffix.lower():
            case ".yaml" | ".yml":
                return bool(_YAML.search(head) and _KIND.search(head))
            case ".json":
                return bool(_JSON.match(head)) and b'"kind"' in head
        return False

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for a file of which not one object can be read because it is no YAML or no JSON."""
        names = Names.of(path)
        cluster = _Cluster(names, sink)
        for place, body in _objects(path, None):
            with sink.tolerate(place):
                cluster.network.gather(_kind(body), body, _namespace(body), place)
        rights.own_roles(names, sink)
        cluster.network.settle()
        for place, body in _objects(path, sink):
            with sink.tolerate(place):
                cluster.read(body, place)
                sink.record()


class _Cluster:
    """One file's objects, one at a time."""

    def __init__(self, names: Names, sink: Sink) -> None:
        self._names = names
        self._sink = sink
        self.network = ClusterNetwork(names, sink)
        self._pods = Pods(names, sink, self.network)
        self._namespaces: set[str] = set()

    def read(self, body: dict[str, Any], place: int) -> None:
        """State what one object says."""
        kind, names, sink = _kind(body), self._names, self._sink
        namespace = "" if kind in _CLUSTERWIDE else _namespace(body)
        if namespace:
            self._namespace(namespace, place)
        match kind:
            case "Role" | "ClusterRole":
                rights.role(body, namespace, names, sink, place)
            case "RoleBinding" | "ClusterRoleBinding":
                rights.binding(body, namespace, names, sink, place)
            case "ServiceAccount":
                self._account(body, namespace, place)
            case "Secret":
                self._secret(body, namespace, place)
            case "Node":
                self._node(body, place)
            case "Namespace":
                self._labelled(body, place)
            case _ if kind == "Pod" or kind in TEMPLATES:
                self._pods.read(kind, body, namespace, place)

    def _namespace(self, name: str, place: int) -> None:
        """What goes for every namespace; said once a file."""
        if name in self._namespaces:
            return
        self._namespaces.add(name)
        names, node, zone = self._names, self._names.namespace(name), self._names.zone(name)
        known = Confidence.INFERRED
        for predicate, terms in (
            ("covers", (node, node)),
            ("covers", (names.whole, node)),
            ("namespace_of", (node, names.cluster)),
            ("any_pod", (node,)),
            ("bound", (node, names.role("", "cluster-admin"), node)),
            ("zone", (zone,)),
            ("namespace_zone", (node, zone)),
            ("pod_network", (zone, names.cluster)),
            ("api", (zone, names.cluster)),
            ("allow", (zone, names.nodes_zone, "tcp", 1, 65535)),
        ):
            self._sink.fact(predicate, *terms, place=place, confidence=known)

    def _labelled(self, body: dict[str, Any], place: int) -> None:
        name = text(body["metadata"]["name"], "the name of a namespace")
        self._namespace(name, place)
        if labels_of(body["metadata"].get("labels")).get("pod-security.kubernetes.io/enforce") in _REFUSES:
            self._sink.fact("pod_security", self._names.namespace(name), place=place)

    def _account(self, body: dict[str, Any], namespace: str, place: int) -> None:
        metadata = body["metadata"]
        name = text(metadata["name"], "the name of a service account")
        node = rights.service_account(namespace, name, self._names, self._sink, place, Confidence.OBSERVED)
        if body.get("automountServiceAccountToken") is False:
            self._sink.fact("no_automount", node, place=place)
        role = labels_of(metadata.get("annotations")).get("eks.amazonaws.com/role-arn")
        if role:
            self._sink.fact("federated", node, f"role:{role}", place=place)

    def _secret(self, body: dict[str, Any], namespace: str, place: int) -> None:
        metadata = body["metadata"]
        name = text(metadata["name"], "the name of a secret")
        node = self._names.secret(namespace, name)
        self._sink.fact("secret", node, self._names.namespace(namespace), name, place=place)
        if body.get("type") == "kubernetes.io/service-account-token":
            owner = labels_of(metadata.get("annotations")).get("kubernetes.io/service-account.name")
            if owner:
                account = rights.service_account(namespace, owner, self._names, self._sink, place)
                self._sink.fact("token_secret", node, account, place=place)

    def _node(self, body: dict[str, Any], place: int) -> None:
        metadata, sink, names = body["metadata"], self._sink, self._names
        name = text(metadata["name"], "the name of a node")
        host = f"host:{names.prefix}{name}"
        sink.fact("cluster_node", host, names.cluster, place=place)
        sink.fact("zone", names.nodes_zone, place=place)
        sink.fact("in_zone", host, names.nodes_zone, place=place, confidence=Confidence.INFERRED)
        labels = labels_of(metadata.get("labels"))
        if any(f"node-role.kubernetes.io/{role}" in labels for role in ("control-plane", "master")):
            sink.fact("control_plane", host, place=place)
        account = names.user(f"system:node:{name}")
        sink.fact("node_account", host, account, place=place, confidence=Confidence.INFERRED)
        for known in (account, names.group("system:nodes")):
            sink.fact("cluster_user", known, names.cluster, place=place, confidence=Confidence.INFERRED)
        sink.fact("counts_as", account, names.group("system:nodes"), place=place, confidence=Confidence.INFERRED)
        self._node_status(body, host, place)

    def _node_status(self, body: dict[str, Any], host: str, place: int) -> None:
        status, sink = mapping(body.get("status")), self._sink
        for address in entries(status.get("addresses")):
            kind, value = str(address.get("type", "")), address.get("address")
            if isinstance(value, str) and value:
                sink.fact("identifier", host, "ip" if kind.endswith("IP") else "hostname", value, place=place)
        provider = mapping(body.get("spec")).get("providerID")
        if isinstance(provider, str) and provider:
            sink.fact("identifier", host, "instance", provider.rpartition("/")[2] or provider, place=place)
        info = mapping(status.get("nodeInfo"))
        for key, called in (("kubeletVersion", "kubelet "), ("kernelVersion", "linux "), ("containerRuntimeVersion", "")):
            if isinstance(info.get(key), str) and info[key]:
                version = info[key].replace("://", " ")
                sink.fact("installed", host, f"software:{called}{version}", place=place)


def _kind(body: dict[str, Any]) -> str:
    return text(body["kind"], "the kind of an object")


def _namespace(body: dict[str, Any]) -> str:
    found = mapping(body.get("metadata")).get("namespace")
    return found if isinstance(found, str) and found else "default"


def _objects(path: Path, sink: Sink | None) -> Iterator[Object]:
    """(place, object): the line of a YAML mapping, the number of a JSON record. Mistakes are told to the sink."""
    with opened(path) as file:
        start = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")
        file.seek(0)
        if not start.startswith(b"{") or start.startswith(b"{{"):
            yield from _from_yaml(path, documents(file), sink)
            return
        count = 0
        try:
            for count, body in enumerate(records(file, "items.item"), start=1):
                if isinstance(body, dict):
                    yield count, body
                elif sink:
                    sink.broken(count, "an object is no mapping")
            if not count:
                file.seek(0, 2)
                if file.tell() > LARGEST_OBJECT:
                    raise UsageError(f"{path} is one object of more than {LARGEST_OBJECT >> 20} MiB")
                file.seek(0)
                for count, body in enumerate(records(file, ""), start=1):
                    if isinstance(body, dict) and not str(body.get("kind", "")).endswith("List"):
                        yield count, body
        except (ValueError, RecordTooLarge) as error:
            _mistake(path, count, str(error), count > 0, sink)


def _from_yaml(path: Path, found: Iterator[Mapping | BrokenYaml], sink: Sink | None) -> Iterator[Object]:
    read, mistakes = 0, []
    for one in found:
        if isinstance(one, BrokenYaml):
            mistakes.append(one)
            if sink:
                sink.broken(one.line, str(one))
        elif "kind" in one and not str(one["kind"]).endswith("List"):
            read += 1
            yield one.line, one
    if mistakes and not read:
        raise UsageError(f"{path}, line {mistakes[0].line}: {mistakes[0]}")


def _mistake(path: Path, place: int, reason: str, read: bool, sink: Sink | None) -> None:
    if not read:
        raise UsageError(f"{path} is no JSON: {' '.join(reason.split())[:200]}")
    if sink:
        sink.broken(place, f"nothing after this record can be read: {reason}")
