"""Clouds and clusters: what an attacker derives from a dozen facts, and what not without one of them."""

import pytest

from tests.estate.small import derived, packs

RULES = packs(["network", "kubernetes", "cloud"])
POD = """
container(container:c, pod:p, namespace:shop, account:c)
container(container:d, pod:q, namespace:shop, account:d)
runs_on(pod:p, host:n)
runs_on(pod:q, host:n)
cluster_node(host:n, cluster:k)
token(pod:p, account:sa)
cluster_user(account:sa, cluster:k)
bound(account:sa, role:r, namespace:shop)
covers(namespace:shop, namespace:shop)
role_allows(role:r, list-secrets)
secret(data:s, namespace:shop, s)
escape(container:c, all privileges, 1)
"""
CLOUD = """
instance(host:i, cloud:a)
runs_with(host:i, role:web)
principal(role:web, cloud:a)
principal(role:admin, cloud:a)
allows(role:web, pass-role, scope:a role, policy:y)
launches(role:web, ec2.amazonaws.com, policy:y)
in_scope(role:admin, scope:a role)
trusts_service(role:admin, ec2.amazonaws.com)
administers(role:admin, cloud:a, policy:z)
cloud_account(cloud:a)
objects(data:b)
stored(data:b, cloud:a)
"""


def without(text: str, line: str) -> str:
    assert f"\n{line}\n" in text
    return text.replace(f"\n{line}\n", "\n")


def test_from_a_pod_to_its_identity_its_node_and_all_on_it() -> None:
    atoms = derived(RULES, POD, "container:c")
    assert {"reached(account:sa)", "reads(data:s)", "rooted(host:n)", "code(container:d, account:d)"} <= atoms


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("token(pod:p, account:sa)", "reads(data:s)"),
        ("role_allows(role:r, list-secrets)", "reads(data:s)"),
        ("covers(namespace:shop, namespace:shop)", "reads(data:s)"),
        ("escape(container:c, all privileges, 1)", "rooted(host:n)"),
        ("runs_on(pod:q, host:n)", "code(container:d, account:d)"),
    ],
)
def test_without_a_premise_the_pod_leads_nowhere(line: str, gone: str) -> None:
    assert gone not in derived(RULES, without(POD, line), "container:c")


def test_from_a_machine_by_a_passed_role_to_the_whole_account() -> None:
    atoms = derived(RULES, CLOUD, "host:i")
    assert {"reached(role:web)", "reached(role:admin)", "reached(cloud:a)", "reads(data:b)"} <= atoms


@pytest.mark.parametrize(
    "line",
    [
        "runs_with(host:i, role:web)",
        "launches(role:web, ec2.amazonaws.com, policy:y)",
        "in_scope(role:admin, scope:a role)",
        "trusts_service(role:admin, ec2.amazonaws.com)",
        "administers(role:admin, cloud:a, policy:z)",
    ],
)
def test_without_a_premise_the_account_is_not_reached(line: str) -> None:
    assert "reached(cloud:a)" not in derived(RULES, without(CLOUD, line), "host:i")
