"""Roles and bindings of Kubernetes → rights, which are what verbs on resources amount to for an attacker."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.kubernetes_names import SYSTEM, Names, entries, labels_of, mapping, text, texts
from mithridate.model.estate import Confidence

_CORE = ""
_RBAC = "rbac.authorization.k8s.io"
_CERTIFICATES = "certificates.k8s.io"
_RUNNERS = (
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("apps", "statefulsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    (_CORE, "replicationcontrollers"),
)
_WRITE = ("update", "patch")

# right: any of (groups and resources), any of the verbs
_RIGHTS: dict[str, tuple[tuple[tuple[str, str], ...], tuple[str, ...]]] = {
    "list-secrets": (((_CORE, "secrets"),), ("list", "watch")),
    "get-secrets": (((_CORE, "secrets"),), ("get",)),
    "create-secrets": (((_CORE, "secrets"),), ("create", *_WRITE)),
    "create-tokens": (((_CORE, "serviceaccounts/token"),), ("create",)),
    "create-pods": (((_CORE, "pods"),), ("create",)),
    "patch-pods": (((_CORE, "pods"),), _WRITE),
    "exec": (((_CORE, "pods/exec"),), ("create", "get")),
    "attach": (((_CORE, "pods/attach"),), ("create", "get")),
    "debug": (((_CORE, "pods/ephemeralcontainers"),), _WRITE),
    "port-forward": (((_CORE, "pods/portforward"),), ("create", "get")),
    "read-logs": (((_CORE, "pods/log"), (_CORE, "nodes/log"), (_CORE, "nodes/proxy")), ("get",)),
    "nodes-proxy": (((_CORE, "nodes/proxy"),), ("create", "get")),
    "create-volumes": (((_CORE, "persistentvolumes"),), ("create",)),
    "create-workloads": (_RUNNERS, ("create",)),
    "patch-workloads": (_RUNNERS, _WRITE),
    "create-rolebindings": (((_RBAC, "rolebindings"),), ("create", *_WRITE)),
    "create-clusterrolebindings": (((_RBAC, "clusterrolebindings"),), ("create", *_WRITE)),
    "bind-roles": (((_RBAC, "clusterroles"), (_RBAC, "roles")), ("bind",)),
    "escalate-roles": (((_RBAC, "roles"),), ("escalate",)),
    "escalate-clusterroles": (((_RBAC, "clusterroles"),), ("escalate",)),
    "impersonate-users": (((_CORE, "users"),), ("impersonate",)),
    "impersonate-groups": (((_CORE, "groups"),), ("impersonate",)),
    "impersonate-serviceaccounts": (((_CORE, "serviceaccounts"),), ("impersonate",)),
    "create-csr": (((_CERTIFICATES, "certificatesigningrequests"),), ("create",)),
    "approve-csr": (((_CERTIFICATES, "certificatesigningrequests/approval"),), _WRITE),
    "mutate-objects": ((("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),), ("create", *_WRITE)),
}
# A cluster's own roles, which exports often leave out. "edit" and "admin" may impersonate service accounts.
_EDIT = (
    *("list-secrets", "get-secrets", "create-secrets", "create-tokens", "create-pods", "patch-pods", "exec", "attach"),
    *("port-forward", "read-logs", "create-workloads", "patch-workloads", "impersonate-serviceaccounts"),
)
_OWN_ROLES: dict[str, Iterable[str]] = {
    "cluster-admin": _RIGHTS,
    "admin": (*_EDIT, "create-rolebindings"),
    "edit": _EDIT,
    "view": ("read-logs",),
}
_NAMED = frozenset({"get-secrets", "create-tokens", "exec", "impersonate-users"})
"""Rights that rules know for single names."""
_MOST_LABELS = 12


def rights(rule: dict[str, Any]) -> Iterator[str]:
    """The rights that one rule of a role amounts to, whatever it says of names."""
    groups, resources, verbs = (set(texts_or_empty(rule.get(k))) for k in ("apiGroups", "resources", "verbs"))
    for right, (wanted, ways) in _RIGHTS.items():
        if "*" not in verbs and not verbs.intersection(ways):
            continue
        if any(
            ("*" in groups or group in groups or not rule.get("apiGroups")) and _matches(resource, resources)
            for group, resource in wanted
        ):
            yield right


def texts_or_empty(value: Any) -> list[str]:
    """The texts in a list; the empty text is the core group."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _matches(resource: str, given: set[str]) -> bool:
    name, _, part = resource.partition("/")
    return "*" in given or resource in given or bool(part and (f"*/{part}" in given or f"{name}/*" in given))


def own_roles(names: Names, sink: Sink) -> None:
    """What every cluster has: cluster-admin and its like, the group of superusers, those who do not log on."""
    known = Confidence.INFERRED
    for role, allowed in _OWN_ROLES.items():
        sink.facts("role_allows", [(names.role("", role), right) for right in allowed], confidence=known)
    sink.fact("superusers", names.masters, names.cluster, confidence=known)
    sink.fact("cluster_user", names.masters, names.cluster, confidence=known)
    sink.fact("bound", names.masters, names.role("", "cluster-admin"), names.whole, confidence=known)
    sink.fact("whole", names.whole, names.cluster, confidence=known)
    for group in ("system:unauthenticated",):
        sink.fact("anonymous", names.group(group), names.cluster, confidence=known)
        sink.fact("cluster_user", names.group(group), names.cluster, confidence=known)
    sink.fact("counts_as", names.group("system:unauthenticated"), names.user("system:anonymous"), confidence=known)


def role(body: dict[str, Any], namespace: str, names: Names, sink: Sink, place: int) -> None:
    """A Role (of a namespace) or a ClusterRole (namespace "")."""
    metadata = body["metadata"]
    node = names.role(namespace, text(metadata["name"], "the name of a role"))
    for rule in entries(body.get("rules")):
        for right in rights(rule):
            only = texts(rule.get("resourceNames"))
            if not only:
                sink.fact("role_allows", node, right, place=place)
            elif right in _NAMED:
                sink.facts("role_allows_on", [(node, right, name) for name in only], place=place)
            elif right == "bind-roles" and "cluster-admin" in only:
                sink.fact("role_allows", node, right, place=place)
    if namespace:
        return
    for selector in entries(mapping(body.get("aggregationRule")).get("clusterRoleSelectors")):
        wanted = labels_of(selector.get("matchLabels"))
        if selector.get("matchExpressions") or not 0 < len(wanted) <= 2:
            sink.broken(place, "a selector of cluster roles by other than one or two labels is not read")
            continue
        sink.fact("aggregates", node, _together(wanted.items()), place=place)
    labels = sorted(labels_of(metadata.get("labels")).items())[:_MOST_LABELS]
    for size in (1, 2):
        for some in combinations(labels, size):
            sink.fact("role_labelled", node, _together(some), place=place)


def _together(labels: Iterable[tuple[str, str]]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels))


def binding(body: dict[str, Any], namespace: str, names: Names, sink: Sink, place: int) -> None:
    """A RoleBinding (of a namespace) or a ClusterRoleBinding (namespace "")."""
    reference = body["roleRef"]
    name = text(reference["name"], "the name of a bound role")
    node = names.role(namespace if reference.get("kind") == "Role" else "", name)
    scope = names.namespace(namespace) if namespace else names.whole
    for subject in entries(body.get("subjects")):
        who = _subject(subject, namespace, names, sink, place)
        if who:
            sink.fact("bound", who, node, scope, place=place)


def _subject(subject: dict[str, Any], namespace: str, names: Names, sink: Sink, place: int) -> str:
    name = text(subject.get("name"), "the name of a subject")
    match subject.get("kind"):
        case "ServiceAccount":
            return service_account(text(subject.get("namespace", namespace), "a namespace"), name, names, sink, place)
        case "User" if name.startswith(f"{SYSTEM}serviceaccount:") and name.count(":") == 3:
            space, own = name.split(":")[2:]
            return service_account(space, own, names, sink, place)
        case "User":
            node = names.user(name)
            sink.fact("is_user", node, place=place)
            sink.fact("user_named", node, name, place=place)
            if name != "system:anonymous":
                sink.fact("counts_as", node, names.group("system:authenticated"), place=place, confidence=Confidence.INFERRED)
        case "Group":
            node = names.group(name)
        case _:
            sink.broken(place, f"a binding has a subject of the kind {str(subject.get('kind'))[:40]!r}")
            return ""
    sink.fact("cluster_user", node, names.cluster, place=place)
    return node


def service_account(
    namespace: str,
    name: str,
    names: Names,
    sink: Sink,
    place: int,
    confidence: Confidence = Confidence.INFERRED,
) -> str:
    """The node of a service account, and the groups that it is in."""
    node = names.service_account(namespace, name)
    sink.fact("service_account", node, names.namespace(namespace), place=place, confidence=confidence)
    sink.fact("named_account", node, name, place=place, confidence=confidence)
    sink.fact("cluster_user", node, names.cluster, place=place, confidence=confidence)
    for group in (f"system:serviceaccounts:{namespace}", "system:serviceaccounts", "system:authenticated"):
        sink.fact("counts_as", node, names.group(group), place=place, confidence=Confidence.INFERRED)
    return node
