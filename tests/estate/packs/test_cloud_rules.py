"""The rules of clouds: what each gives, and that without any one of its premises it gives nothing."""

from collections.abc import Iterator

import pytest

from mithridate.estate.rules.rulebase import own_pack
from tests.estate.packs.scenarios import Scenarios, grounded
from tests.estate.small import packs

RULES = packs(["network", "kubernetes", "cloud"])
SOMEONE, MACHINE, WHOLE, OUTSIDE, INSIDE = "account:s", "host:h", "cloud:k", "zone:z", "container:c"
IDENTITY = "principal(account:s, cloud:k)\n"
INSTANCE = "instance(host:h, cloud:k)\n"
ACCOUNT = "cloud_account(cloud:k)\n"
SENDS = "zone(zone:z)\n"
ROLE = "in_scope(role:r, scope:t)\n"
VICTIM = "in_scope(account:v, scope:t)\nprincipal(account:v, cloud:k)\n"
TARGET = "in_scope(host:h, scope:t)\n"
DATA = "in_scope(data:d, scope:t)\n"


def allowed(word: str) -> str:
    """The user has a right over a scope."""
    return IDENTITY + f"allows(account:s, {word}, scope:t, policy:y)\n"


PASSES = allowed("pass-role") + "launches(account:s, lambda, policy:z)\n"
READS = "reads(data:d)"

# Rule → where the attacker starts, the facts, and what the rule gives; without any one of the facts it does not.
NEEDED: dict[str, tuple[str, str, str]] = {
    "start-as-principal": (SOMEONE, IDENTITY, "controls(account:s)"),
    "start-in-account": (WHOLE, ACCOUNT, "controls(cloud:k)"),
    "start-on-instance": (MACHINE, INSTANCE, "rooted(host:h)"),
    "reach-principal": (SOMEONE, IDENTITY, "reached(account:s)"),
    "reach-account": (WHOLE, ACCOUNT, "reached(cloud:k)"),
    "reach-instance": (MACHINE, INSTANCE, "reached(host:h)"),
    "root-runs-code-on-instance": (MACHINE, INSTANCE, "code(host:h, account:root)"),
    "ask-metadata-service": (MACHINE, INSTANCE + "runs_with(host:h, role:r)", "controls(role:r)"),
    "ask-metadata-service-from-container": (
        INSIDE,
        "container(container:c, pod:p, namespace:n, account:c)\nruns_on(pod:p, host:h)\n"
        + "metadata_from_containers(host:h)\nruns_with(host:h, role:r)",
        "controls(role:r)",
    ),
    "exchange-cluster-token": (
        SOMEONE,
        "cluster_user(account:s, cluster:k)\nfederated(account:s, role:r)",
        "controls(role:r)",
    ),
    "count-as-member": (SOMEONE, IDENTITY + "member(account:s, group:g)", "controls(group:g)"),
    "assume-trusting-role": (SOMEONE, IDENTITY + "trusts(role:r, account:s)", "controls(role:r)"),
    "may-assume-roles": (SOMEONE, allowed("assume"), "assumes(scope:t, cloud:k)"),
    "assume-role": (SOMEONE, allowed("assume") + ROLE + "trusts_account(role:r, cloud:k)", "controls(role:r)"),
    "assume-role-from-account": (WHOLE, ACCOUNT + "trusts_account(role:r, cloud:k)", "controls(role:r)"),
    "assume-role-that-trusts-anyone": (OUTSIDE, SENDS + "trusts_anyone(role:r)", "controls(role:r)"),
    "may-pass-roles": (SOMEONE, PASSES, "passes(scope:t, lambda)"),
    "pass-role": (SOMEONE, PASSES + ROLE + "trusts_service(role:r, lambda)", "controls(role:r)"),
    "may-change-code": (SOMEONE, allowed("change-code"), "changes_code(scope:t)"),
    "change-code": (
        SOMEONE,
        allowed("change-code") + "in_scope(function:f, scope:t)\nruns_with(function:f, role:r)",
        "controls(role:r)",
    ),
    "may-make-credentials": (SOMEONE, allowed("make-credentials"), "seizes(scope:t)"),
    "may-rewrite-trust": (SOMEONE, allowed("rewrite-trust"), "seizes(scope:t)"),
    "may-join-group": (SOMEONE, allowed("join-group"), "seizes(scope:t)"),
    "may-use-identity": (SOMEONE, allowed("use-identity"), "seizes(scope:t)"),
    "seize-identity": (SOMEONE, allowed("make-credentials") + VICTIM, "controls(account:v)"),
    "may-give-policies": (SOMEONE, allowed("give-policy"), "gives_policies(scope:t)"),
    "give-itself-a-policy": (SOMEONE, allowed("give-policy") + "in_scope(account:s, scope:t)", "controls(cloud:k)"),
    "may-edit-policies": (SOMEONE, allowed("edit-policy"), "edits_policies(scope:t)"),
    "edit-own-policy": (
        SOMEONE,
        allowed("edit-policy") + "in_scope(policy:own, scope:t)\nattached(account:s, policy:own)",
        "controls(cloud:k)",
    ),
    "administer": (SOMEONE, IDENTITY + "administers(account:s, cloud:k, policy:y)", "controls(cloud:k)"),
    "own-identities-of-account": (WHOLE, ACCOUNT + "principal(account:v, cloud:k)", "controls(account:v)"),
    "own-machines-of-account": (WHOLE, ACCOUNT + INSTANCE, "rooted(host:h)"),
    "read-data-of-account": (WHOLE, ACCOUNT + "stored(data:d, cloud:k)", READS),
    "may-command": (SOMEONE, allowed("command"), "commands(scope:t)"),
    "command-machine": (SOMEONE, allowed("command") + TARGET + "managed(host:h)", "rooted(host:h)"),
    "may-restart": (SOMEONE, allowed("change-start"), "restarts(scope:t)"),
    "restart-machine": (SOMEONE, allowed("change-start") + TARGET + INSTANCE, "rooted(host:h)"),
    "may-read-objects": (SOMEONE, allowed("read-objects"), "opens(scope:t, objects)"),
    "read-objects": (SOMEONE, allowed("read-objects") + DATA + "objects(data:d)", READS),
    "may-read-secrets": (SOMEONE, allowed("read-secrets"), "opens(scope:t, secrets)"),
    "read-secrets": (SOMEONE, allowed("read-secrets") + DATA + "secrets(data:d)", READS),
    "may-copy-databases": (SOMEONE, allowed("copy-database"), "opens(scope:t, databases)"),
    "copy-database": (SOMEONE, allowed("copy-database") + DATA + "database(data:d)", READS),
    "read-what-is-public": (OUTSIDE, SENDS + "public(data:d)", READS),
    "read-what-is-opened": (SOMEONE, IDENTITY + "opened_to(data:d, account:s, policy:y)", READS),
    "read-what-is-opened-to-account": (WHOLE, ACCOUNT + "opened_to_account(data:d, cloud:k, policy:y)", READS),
}
SHORT = {rule: f"s{i}" for i, rule in enumerate(NEEDED)}


@pytest.fixture(scope="module")
def scenarios() -> Iterator[Scenarios]:
    texts = {SHORT[rule]: text for rule, (_, text, _) in NEEDED.items()}
    with grounded(RULES, texts, SOMEONE, MACHINE, WHOLE, OUTSIDE, INSIDE) as made:
        yield made


def test_no_rule_is_left_out() -> None:
    assert set(NEEDED) == {r.name for r in own_pack("cloud").rules}


@pytest.mark.parametrize("rule", NEEDED)
def test_the_rule_gives_what_it_says_and_each_fact_is_needed(scenarios: Scenarios, rule: str) -> None:
    start, _, atom = NEEDED[rule]
    assert atom in scenarios.given(SHORT[rule], start, rule)
    for line in scenarios.lines(SHORT[rule]):
        assert atom not in scenarios.given(SHORT[rule], start, rule, without=line), line
