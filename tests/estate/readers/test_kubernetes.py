"""Kubernetes manifests: what is read, that secrets are not, and hostile files."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.model.errors import UsageError
from tests.estate.readers.reading import read, survives

SHOP = """apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  nodeName: n1
  serviceAccountName: web
  containers:
  - name: nginx
    image: nginx:1.18
    ports: [{containerPort: 80}]
    env: [{name: PASSWORD, value: hunter2}]
    securityContext: {privileged: true}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [secrets], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: web}]
"""
WEB = "container:shop/web/nginx"


def test_manifests_give_containers_identities_and_rights(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SHOP)
    found = read([tmp_path / "a.yaml"])
    assert {
        f"container({WEB}, pod:shop/web, namespace:shop, account:shop/web/nginx)",
        "runs_on(pod:shop/web, host:n1)",
        f"escape({WEB}, all privileges, 1)",
        f"exposed(zone:internet, {WEB}, tcp, 80, service:shop/web)",
        "role_allows(role:shop/reader, list-secrets)",
        "bound(account:system:serviceaccount:shop:web, role:shop/reader, namespace:shop)",
        "secret(data:secret shop/db, namespace:shop, db)",
    } <= found.told
    assert found.places("runs_on(pod:shop/web, host:n1)") == [6]
    assert found.broken == []


def test_no_value_of_a_secret_becomes_a_fact(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SHOP)
    assert not any("hunter2" in fact for fact in read([tmp_path / "a.yaml"]).told)


def test_a_policy_in_the_same_file_isolates_what_it_selects(tmp_path: Path) -> None:
    policy = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{podSelector: {matchLabels: {app: front}}}], ports: [{port: 80}]}]
"""
    (tmp_path / "a.yaml").write_text(SHOP + policy)
    told = read([tmp_path / "a.yaml"]).told
    assert not any(f.startswith("unprotected(") for f in told)
    assert "allow(zone:policy shop/only: peer 0, zone:policy shop/only, tcp, 80, 80)" in told


def test_a_broken_document_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: [\n---\n" + SHOP)
    found = read([tmp_path / "a.yaml"])
    assert len(found.broken) == 1
    assert "runs_on(pod:shop/web, host:n1)" in found.told


@pytest.mark.parametrize(
    "inner",
    [
        "x: " + "[" * 5000,
        "a: &a [1]\n" + "\n".join(f"a{i}: &a{i} [{', '.join(['*a' + (str(i - 1) if i else '')] * 10)}]" for i in range(12)),
        "x: &x [*x]",
    ],
)
def test_deep_and_expanding_documents_are_refused(tmp_path: Path, inner: str) -> None:
    (tmp_path / "a.yaml").write_text(f"apiVersion: v1\nkind: Pod\n{inner}\n")
    with pytest.raises(UsageError):
        read([tmp_path / "a.yaml"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(SHOP)), st.binary(max_size=8), st.integers(0, 40))
def test_any_change_is_read_or_refused(tmp_path: Path, at: int, new: bytes, cut: int) -> None:
    text = SHOP.encode()
    survives(tmp_path / "a.yaml", text[:at] + new + text[at + cut :], "kubernetes")
