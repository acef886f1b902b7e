"""What things in a cluster are called, and looking into objects whose shape nobody vouches for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CLUSTER = re.compile(r"cluster=(.+)\Z")
SYSTEM = "system:"


@dataclass(frozen=True, slots=True)
class Names:
    """Names of nodes of one cluster. `prefix` is empty, or the cluster's name and a slash."""

    prefix: str = ""

    @classmethod
    def of(cls, path: Path) -> "Names":
        """Exports of several clusters lie in folders such as `cluster=production`."""
        for part in reversed(path.parts[:-1]):
            if found := _CLUSTER.match(part):
                return cls(f"{found[1]}/")
        return cls()

    @property
    def cluster(self) -> str:
        """The cluster itself."""
        return f"cluster:{self.prefix.rstrip('/') or 'kubernetes'}"

    @property
    def whole(self) -> str:
        """The scope of cluster-wide bindings."""
        return f"namespace:{self.prefix}*"

    @property
    def masters(self) -> str:
        """The group that may do everything, whatever roles say."""
        return self.group("system:masters")

    @property
    def nodes_zone(self) -> str:
        """The network of the nodes."""
        return f"zone:{self.prefix}nodes"

    @property
    def some_node(self) -> str:
        """The node of a pod of which nobody says where it runs."""
        return f"host:{self.prefix}a node of the cluster"

    def namespace(self, name: str) -> str:
        """A namespace."""
        return f"namespace:{self.prefix}{name}"

    def zone(self, namespace: str) -> str:
        """The pods of a namespace, as a network zone."""
        return f"zone:{self.prefix}namespace {namespace}"

    def service_account(self, namespace: str, name: str) -> str:
        """A service account, called as the cluster calls its user."""
        return f"account:{self.prefix}system:serviceaccount:{namespace}:{name}"

    def user(self, name: str) -> str:
        """A user."""
        return f"account:{self.prefix}{name}"

    def group(self, name: str) -> str:
        """A group."""
        return f"group:{self.prefix}{name}"

    def role(self, namespace: str, name: str) -> str:
        """A role; a cluster role has no namespace."""
        return f"role:{self.prefix}{namespace}/{name}" if namespace else f"role:{self.prefix}{name}"

    def pod(self, namespace: str, kind: str, name: str) -> str:
        """A pod, or the pods of a template: `pod:shop/deployment web`."""
        return f"pod:{self.prefix}{namespace}/{name if kind == 'Pod' else f'{kind.lower()} {name}'}"

    def secret(self, namespace: str, name: str) -> str:
        """A secret; never what it holds."""
        return f"data:{self.prefix}secret {namespace}/{name}"


def text(value: Any, what: str) -> str:
    """ValueError for what is no text or an empty one; a number or a truth that someone forgot to quote is a text."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError(f"{what} is no text")
    return str(value)


def entries(value: Any) -> Iterator[dict[str, Any]]:
    """The mappings in a list; nothing else has them."""
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def texts(value: Any) -> list[str]:
    """The texts in a list."""
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def mapping(value: Any) -> dict[str, Any]:
    """A mapping; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def labels_of(value: Any) -> dict[str, str]:
    """Labels or annotations as texts."""
    return {str(k): str(v) for k, v in mapping(value).items() if isinstance(v, str | int)}
