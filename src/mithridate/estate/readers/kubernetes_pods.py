"""Pods and the templates of pods → containers, their identity, what they mount, and what lets them out onto the node."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.kubernetes_names import Names, entries, labels_of, mapping, text, texts
from mithridate.estate.readers.kubernetes_network import ClusterNetwork
from mithridate.estate.readers.kubernetes_rights import service_account
from mithridate.model.estate import Confidence

TEMPLATES = frozenset(
    {"Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "DeploymentConfig"}
)
# Capabilities that lead out of a container, and what using them costs (1 trivial with public tools, 3 with care, 6 with time).
_CAPABILITIES = {"ALL": 1, "SYS_ADMIN": 1, "SYS_MODULE": 1, "DAC_READ_SEARCH": 3, "SYS_RAWIO": 6, "BPF": 6}
_WITHOUT_ROOT = 9
"""What it costs more to leave a container whose processes are not root: they must become root in it first."""
_SOCKETS = ("docker.sock", "containerd.sock", "crio.sock", "dockershim.sock", "podman.sock")
_HARMLESS = (
    "/etc/localtime",
    "/etc/timezone",
    "/usr/share/zoneinfo",
    "/etc/ssl/certs",
    "/usr/share/ca-certificates",
    "/dev/null",
)
"""Directories from which nobody is known to take over the node, though they may be written."""
_KUBELET = "/var/lib/kubelet/pods"
_LOGS = "/var/log/pods"
_KEYS = ("/root/.ssh", "/home", "/etc/shadow", "/etc/ssh", "/etc/kubernetes", "/var/lib/kubelet/pki")


@dataclass(frozen=True, slots=True)
class _Mount:
    path: str
    """On the node, without a slash at its end; "" is the root."""
    read_only: bool


def pods(kind: str, body: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(metadata, spec) of a pod, or of the pods that a template gives."""
    if kind == "Pod":
        yield mapping(body.get("metadata")), body["spec"]
        return
    spec = body["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if kind == "CronJob" else spec["template"]
    yield mapping(template.get("metadata")), template["spec"]


class Pods:
    """Reads pods of one file."""

    def __init__(self, names: Names, sink: Sink, network: ClusterNetwork) -> None:
        self._names = names
        self._sink = sink
        self._network = network

    def read(self, kind: str, body: dict[str, Any], namespace: str, place: int) -> None:
        """One Pod, Deployment or the like. What other objects stand for the same pods is left out."""
        metadata = mapping(body.get("metadata"))
        owned = bool(metadata.get("ownerReferences"))
        if kind != "Pod" and (owned or (self._network.live and kind != "CronJob")):
            return
        name = text(metadata.get("name", metadata.get("generateName")), "the name of a pod")
        pod = self._names.pod(namespace, kind, name)
        for its, spec in pods(kind, body):
            self._pod(_Pod(pod, namespace, place, labels_of(its.get("labels")), spec), kind)
            self._sink.fact("named_pod", pod, name, place=place)
            if kind != "Pod" or owned:
                self._sink.fact("from_template", pod, place=place)

    def _pod(self, pod: "_Pod", kind: str) -> None:
        sink, names = self._sink, self._names
        containers = list(entries(pod.spec["containers"]))
        containers += [c for c in entries(pod.spec.get("initContainers")) if c.get("restartPolicy") == "Always"]
        containers += list(entries(pod.spec.get("ephemeralContainers")))
        nodes = []
        for body in containers:
            container = f"container:{pod.node.partition(':')[2]}/{text(body.get('name'), 'the name of a container')}"
            nodes.append(container)
            account = f"account:{container.partition(':')[2]}"
            sink.fact("container", container, pod.node, names.namespace(pod.namespace), account, place=pod.place)
            with sink.tolerate(pod.place):
                self._image(body, container, account, pod.place)
                self._privileges(pod, body, container)
                self._secrets(pod, body, container)
        self._where(pod, kind)
        self._token(pod)
        if pod.spec.get("shareProcessNamespace") is True:
            sink.fact("shares_processes", pod.node, place=pod.place)
        on_host = pod.spec.get("hostNetwork") is True
        self._network.place_pod(pod.namespace, pod.labels, nodes, on_host, pod.place)
        self._exposed(pod, containers, nodes)

    # Where it runs, and as whom.

    def _where(self, pod: "_Pod", kind: str) -> None:
        node = pod.spec.get("nodeName")
        if kind == "DaemonSet":
            self._sink.fact("runs_everywhere", pod.node, self._names.cluster, place=pod.place)
        elif isinstance(node, str) and node:
            self._sink.fact("runs_on", pod.node, f"host:{self._names.prefix}{node}", place=pod.place)
        else:
            inferred = Confidence.INFERRED
            self._sink.fact("runs_on", pod.node, self._names.some_node, place=pod.place, confidence=inferred)
            self._sink.fact("cluster_node", self._names.some_node, self._names.cluster, place=pod.place, confidence=inferred)

    def _token(self, pod: "_Pod") -> None:
        given = pod.spec.get("serviceAccountName") or pod.spec.get("serviceAccount") or "default"
        account = service_account(pod.namespace, text(given, "a service account"), self._names, self._sink, pod.place)
        projected = any(
            "serviceAccountToken" in source
            for volume in entries(pod.spec.get("volumes"))
            for source in entries(mapping(volume.get("projected")).get("sources"))
        )
        asked = pod.spec.get("automountServiceAccountToken")
        if projected or asked is True:
            self._sink.fact("token", pod.node, account, place=pod.place)
        elif asked is not False:
            self._sink.fact("token_by_default", pod.node, account, place=pod.place, confidence=Confidence.INFERRED)

    # What it runs.

    def _image(self, body: dict[str, Any], container: str, account: str, place: int) -> None:
        image = text(body.get("image", "an image that nobody names"), "an image")
        software = f"software:{image}"
        self._sink.fact("installed", container, software, place=place)
        self._sink.fact("identifier", software, "image", image, place=place)
        for port in entries(body.get("ports")):
            number = port.get("containerPort")
            if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 65536:
                protocol = str(port.get("protocol", "TCP")).lower()[:10]
                self._sink.fact("service", container, software, protocol, number, account, place=place)

    def _exposed(self, pod: "_Pod", containers: list[dict[str, Any]], nodes: list[str]) -> None:
        for by, zones, targets, _ in self._network.exposures(pod.namespace, pod.labels):
            for target in targets:
                for container, protocol, number in _listening(target, containers, nodes):
                    for zone in zones:
                        self._sink.fact("zone", zone, place=pod.place)
                        self._sink.fact("exposed", zone, container, protocol, number, by, place=pod.place)
                    if isinstance(target, int):
                        at = nodes.index(container)
                        software = f"software:{containers[at].get('image', 'an image that nobody names')}"
                        account = f"account:{container.partition(':')[2]}"
                        self._sink.fact("service", container, software, protocol, number, account, place=pod.place)

    def _secrets(self, pod: "_Pod", body: dict[str, Any], container: str) -> None:
        wanted = [mapping(e.get("secretRef")).get("name") for e in entries(body.get("envFrom"))]
        wanted += [mapping(mapping(e.get("valueFrom")).get("secretKeyRef")).get("name") for e in entries(body.get("env"))]
        mounted = {m.get("name") for m in entries(body.get("volumeMounts")) if isinstance(m.get("name"), str)}
        for volume in entries(pod.spec.get("volumes")):
            if volume.get("name") in mounted:
                wanted.append(mapping(volume.get("secret")).get("secretName"))
                for source in entries(mapping(volume.get("projected")).get("sources")):
                    wanted.append(mapping(source.get("secret")).get("name"))
        for name in dict.fromkeys(n for n in wanted if isinstance(n, str) and n):
            secret = self._names.secret(pod.namespace, name)
            space = self._names.namespace(pod.namespace)
            self._sink.fact("secret", secret, space, name, place=pod.place, confidence=Confidence.INFERRED)
            self._sink.fact("holds", container, secret, place=pod.place)

    # Ways out.

    def _privileges(self, pod: "_Pod", body: dict[str, Any], container: str) -> None:
        context, of_pod = mapping(body.get("securityContext")), mapping(pod.spec.get("securityContext"))
        dearer = _WITHOUT_ROOT if _not_root(context, of_pod) else 0
        capabilities = {c.upper().removeprefix("CAP_") for c in texts(mapping(context.get("capabilities")).get("add"))}
        found: dict[str, int] = {}
        if context.get("privileged") is True:
            found["all privileges"] = 1
        if mapping(mapping(context.get("windowsOptions"))).get("hostProcess") is True:
            found["the rights of a host process"] = 1
        found |= {f"the capability {name}": cost for name, cost in _CAPABILITIES.items() if name in capabilities}
        if pod.spec.get("hostPID") is True:
            seen = "SYS_PTRACE" in capabilities
            # Without it other processes are seen, and only those of equal rights can be looked into.
            found["the processes of its node in sight" + (" and SYS_PTRACE" if seen else "")] = 1 if seen else 10
        if pod.spec.get("hostIPC") is True:
            found["the shared memory of its node"] = 10
        for mount in self._mounts(pod.spec, body):
            if mount.path.endswith(_SOCKETS) or mount.path in ("/run/containerd", "/var/run/containerd", "/run", "/var/run"):
                found[f"the socket of the container runtime ({mount.path})"] = 1
            elif not mount.read_only and mount.path not in _HARMLESS:
                found[f"{mount.path or '/'} of its node, to write"] = 1 if _telling(mount.path) else 6
            self._sees(mount, container, pod.place)
        self._sink.facts("escape", [(container, how, cost + dearer) for how, cost in found.items()], place=pod.place)

    def _sees(self, mount: _Mount, container: str, place: int) -> None:
        if _within(_KUBELET, mount.path):
            self._sink.fact("sees_tokens", container, place=place)
        if any(_within(key, mount.path) for key in _KEYS):
            self._sink.fact("sees_keys", container, place=place)
        if not mount.read_only and _within(_LOGS, mount.path):
            self._sink.fact("sees_logs", container, place=place)

    def _mounts(self, spec: dict[str, Any], body: dict[str, Any]) -> Iterator[_Mount]:
        paths = {v.get("name"): mapping(v["hostPath"]).get("path") for v in entries(spec.get("volumes")) if "hostPath" in v}
        for mount in entries(body.get("volumeMounts")):
            path = paths.get(mount.get("name"))
            if isinstance(path, str):
                inner = mount.get("subPath")
                whole = f"{path.rstrip('/')}/{inner.strip('/')}" if isinstance(inner, str) and inner else path
                yield _Mount(whole.rstrip("/"), mount.get("readOnly") is True)


@dataclass(frozen=True, slots=True)
class _Pod:
    node: str
    namespace: str
    place: int
    labels: dict[str, str]
    spec: dict[str, Any]


def _not_root(context: dict[str, Any], of_pod: dict[str, Any]) -> bool:
    user = context.get("runAsUser", of_pod.get("runAsUser"))
    if isinstance(user, int) and not isinstance(user, bool):
        return user > 0
    return context.get("runAsNonRoot", of_pod.get("runAsNonRoot")) is True


def _within(inner: str, mounted: str) -> bool:
    """The directory `inner` is seen through a mount of `mounted` ("" is the root)."""
    return inner == mounted or inner.startswith(f"{mounted}/") or mounted.startswith(f"{inner}/")


def _telling(path: str) -> bool:
    """Writing there is known to give the node: the root, system directories, /proc."""
    return path == "" or path.split("/")[1] in {
        "etc",
        "root",
        "home",
        "proc",
        "sys",
        "boot",
        "usr",
        "bin",
        "sbin",
        "lib",
        "var",
        "dev",
    }


def _listening(target: str | int, containers: list[dict[str, Any]], nodes: list[str]) -> Iterator[tuple[str, str, int]]:
    """The containers that a service's target port means: those that declare it, else the first."""
    found = False
    for body, node in zip(containers, nodes, strict=False):
        for port in entries(body.get("ports")):
            number = port.get("containerPort")
            if isinstance(number, int) and not isinstance(number, bool) and target in (number, port.get("name")):
                found = True
                yield node, str(port.get("protocol", "TCP")).lower()[:10], number
    if not found and isinstance(target, int) and 0 < target < 65536 and nodes:
        yield nodes[0], "tcp", target
