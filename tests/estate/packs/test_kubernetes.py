"""The rules of clusters: what each gives, and that without any one of its premises it gives nothing."""

from collections.abc import Iterator

import pytest

from mithridate.estate.rules.rulebase import own_pack
from tests.estate.packs.scenarios import Scenarios, grounded
from tests.estate.small import derived, packs

RULES = packs(["network", "kubernetes"])
USER, POD, NODE, ZONE = "account:s", "container:c", "host:h", "zone:z"
STARTS = (USER, POD, "pod:p", NODE, ZONE)
KNOWN = "cluster_user(account:s, cluster:k)\n"
RUNS = "container(container:c, pod:p, namespace:m, account:c)\n"
OTHER = "container(container:d, pod:q, namespace:m, account:d)\n"
COVERS = "covers(namespace:n, namespace:m)\n"
WHOLE = "whole(namespace:all, cluster:k)\n"
SUPER = "superusers(group:g, cluster:k)\n"
SECRET = "secret(data:d, namespace:m, db)\n"
TAKEN = "service_account(account:t, namespace:m)\n"
ON_NODE = "runs_on(pod:p, host:h)\n"
OF_CLUSTER = "cluster_node(host:h, cluster:k)\n"
IN_CLUSTER = "namespace_of(namespace:m, cluster:k)\n"
SENDS = "zone(zone:z)\n"
SERVES = "service(container:c, software:w, tcp, 8080, account:c)\n"
IN_NETWORK = SENDS + "pod_network(zone:z, cluster:k)\n" + SERVES
TAKES_ANY = "any_pod(namespace:m)\n" + IN_CLUSTER


def right(word: str, zone: str = "namespace:n") -> str:
    """What gives the user a right."""
    return KNOWN + f"bound(account:s, role:{word}, {zone})\nrole_allows(role:{word}, {word})\n"


def covered(*words: str) -> str:
    return "".join(map(right, words)) + COVERS


def everywhere(*words: str) -> str:
    return "".join(right(word, "namespace:all") for word in words) + WHOLE


def named(word: str, name: str, zone: str = "namespace:n") -> str:
    return KNOWN + f"bound(account:s, role:r, {zone})\nrole_allows_on(role:r, {word}, {name})\n"


CODE, OTHER_CODE = "code(container:c, account:c)", "code(container:d, account:d)"
CONNECTED = "access(container:c, tcp, 8080)"

# Rule → where the attacker starts, the facts, and what the rule gives; without any one of the facts it does not.
NEEDED: dict[str, tuple[str, str, str]] = {
    "start-in-container": (POD, RUNS, CODE),
    "start-in-pod": ("pod:p", RUNS, CODE),
    "start-as-cluster-user": (USER, KNOWN, "controls(account:s)"),
    "start-on-node": (NODE, OF_CLUSTER, "rooted(host:h)"),
    "reach-identity": (USER, KNOWN, "reached(account:s)"),
    "reach-namespace": (USER, covered("escalate-roles") + IN_CLUSTER, "reached(namespace:m)"),
    "reach-pod": (POD, RUNS, "reached(pod:p)"),
    "reach-cluster": (USER, KNOWN + "counts_as(account:s, group:g)\n" + SUPER, "reached(cluster:k)"),
    "enter-pod": (POD, RUNS, "inside(pod:p)"),
    "steal-mounted-token": (POD, RUNS + "token(pod:p, account:t)", "controls(account:t)"),
    "steal-token-mounted-by-default": (POD, RUNS + "token_by_default(pod:p, account:t)", "controls(account:t)"),
    "count-as": (USER, KNOWN + "counts_as(account:s, group:g)", "controls(group:g)"),
    "use-anonymous-rights": (ZONE, SENDS + "api(zone:z, cluster:k)\nanonymous(group:a, cluster:k)", "controls(group:a)"),
    "share-processes": (POD, RUNS + OTHER.replace("pod:q", "pod:p") + "shares_processes(pod:p)", OTHER_CODE),
    "use-role": (USER, right("exec"), "may(exec, namespace:n)"),
    "use-aggregated-role": (
        USER,
        KNOWN
        + "bound(account:s, role:r, namespace:n)\naggregates(role:r, x=y)\nrole_labelled(role:q, x=y)\nrole_allows(role:q, exec)",
        "may(exec, namespace:n)",
    ),
    "use-role-on-named": (USER, named("get-secrets", "db"), "may_on(get-secrets, namespace:n, db)"),
    "list-secrets": (USER, covered("list-secrets") + SECRET, "reads(data:d)"),
    "get-secrets": (USER, covered("get-secrets") + SECRET, "reads(data:d)"),
    "get-named-secret": (USER, named("get-secrets", "db") + COVERS + SECRET, "reads(data:d)"),
    "use-token-secret": (USER, covered("list-secrets") + SECRET + "token_secret(data:d, account:t)", "controls(account:t)"),
    "request-token": (USER, covered("create-tokens") + TAKEN, "controls(account:t)"),
    "request-named-token": (
        USER,
        named("create-tokens", "builder") + COVERS + TAKEN + "named_account(account:t, builder)",
        "controls(account:t)",
    ),
    "make-token-secret": (USER, covered("create-secrets", "get-secrets") + TAKEN, "controls(account:t)"),
    "exec-into-pods": (USER, covered("exec") + RUNS, CODE),
    "exec-into-named-pod": (USER, named("exec", "web-0") + COVERS + RUNS + "named_pod(pod:p, web-0)", CODE),
    "attach-to-pods": (USER, covered("attach") + RUNS, CODE),
    "debug-pods": (USER, covered("debug") + RUNS, CODE),
    "change-pods": (USER, covered("patch-pods") + RUNS, CODE),
    "change-workloads": (USER, covered("patch-workloads") + RUNS + "from_template(pod:p)", CODE),
    "forward-ports": (USER, covered("port-forward") + RUNS + SERVES, CONNECTED),
    "exec-through-kubelet": (
        USER,
        everywhere("nodes-proxy") + "covers(namespace:all, namespace:m)\n" + RUNS,
        CODE,
    ),
    "create-pods": (USER, covered("create-pods"), "starts_pods(namespace:m)"),
    "create-workloads": (USER, covered("create-workloads"), "starts_pods(namespace:m)"),
    "change-what-others-deploy": (USER, everywhere("mutate-objects") + IN_CLUSTER, "starts_pods(namespace:m)"),
    "run-pod-as-account": (USER, covered("create-pods") + TAKEN, "controls(account:t)"),
    "mount-secret-in-pod": (USER, covered("create-pods") + SECRET, "reads(data:d)"),
    "start-privileged-pods": (USER, covered("create-pods") + TAKES_ANY, "any_node(cluster:k)"),
    "own-every-node": (USER, covered("create-pods") + TAKES_ANY + OF_CLUSTER, "rooted(host:h)"),
    "send-from-own-pod": (USER, covered("create-pods") + "namespace_zone(namespace:m, zone:y)", "foothold(zone:y)"),
    "create-host-volume": (
        USER,
        covered("create-pods") + everywhere("create-volumes") + IN_CLUSTER + OF_CLUSTER,
        "rooted(host:h)",
    ),
    "bind-cluster-roles": (USER, everywhere("create-clusterrolebindings", "bind-roles") + SUPER, "controls(group:g)"),
    "bind-roles": (USER, covered("create-rolebindings", "bind-roles"), "controls(namespace:m)"),
    "escalate-cluster-roles": (USER, everywhere("escalate-clusterroles") + SUPER, "controls(group:g)"),
    "escalate-roles": (USER, covered("escalate-roles"), "controls(namespace:m)"),
    "impersonate-groups": (USER, everywhere("impersonate-groups", "impersonate-users") + SUPER, "controls(group:g)"),
    "impersonate-users": (
        USER,
        everywhere("impersonate-users") + "cluster_user(user:u, cluster:k)\nis_user(user:u)",
        "controls(user:u)",
    ),
    "impersonate-named": (
        USER,
        named("impersonate-users", "ann", "namespace:all")
        + WHOLE
        + "cluster_user(user:u, cluster:k)\nis_user(user:u)\nuser_named(user:u, ann)",
        "controls(user:u)",
    ),
    "impersonate-service-accounts": (USER, covered("impersonate-serviceaccounts") + TAKEN, "controls(account:t)"),
    "approve-own-certificate": (USER, everywhere("create-csr", "approve-csr") + SUPER, "controls(group:g)"),
    "escape-to-node": (POD, RUNS + ON_NODE + "escape(container:c, privileges, 1)", "rooted(host:h)"),
    "escape-to-every-node": (
        POD,
        RUNS + "runs_everywhere(pod:p, cluster:k)\nescape(container:c, privileges, 1)\n" + OF_CLUSTER,
        "rooted(host:h)",
    ),
    "use-keys-of-node": (POD, RUNS + ON_NODE + "sees_keys(container:c)", "rooted(host:h)"),
    "read-kubelet-directory": (POD, RUNS + ON_NODE + "sees_tokens(container:c)", "reads_tokens(host:h)"),
    "read-through-logs": (
        POD,
        RUNS + ON_NODE + "sees_logs(container:c)\ntoken(pod:p, account:s)\n" + right("read-logs").replace(KNOWN, ""),
        "reads_tokens(host:h)",
    ),
    "use-token-from-node": (NODE, OF_CLUSTER + ON_NODE + "token(pod:p, account:t)", "controls(account:t)"),
    "use-default-token-from-node": (NODE, OF_CLUSTER + ON_NODE + "token_by_default(pod:p, account:t)", "controls(account:t)"),
    "root-runs-code-on-node": (NODE, OF_CLUSTER, "code(host:h, account:root)"),
    "root-of-node-reads-tokens": (NODE, OF_CLUSTER, "reads_tokens(host:h)"),
    "enter-containers-of-node": (NODE, OF_CLUSTER + ON_NODE + RUNS, CODE),
    "enter-containers-of-every-node": (NODE, OF_CLUSTER + "runs_everywhere(pod:p, cluster:k)\n" + RUNS, CODE),
    "act-as-kubelet": (NODE, OF_CLUSTER + "node_account(host:h, account:kubelet)", "controls(account:kubelet)"),
    "own-control-plane": (NODE, OF_CLUSTER + "control_plane(host:h)\n" + SUPER, "controls(group:g)"),
    "send-from-pod": (ZONE, SENDS + "pod_network(zone:z, cluster:k)", "in_pods(cluster:k)"),
    "connect-to-pod": (ZONE, IN_NETWORK + "unprotected(container:c, namespace:m, cluster:k)", CONNECTED),
    "connect-where-policy-admits": (ZONE, IN_NETWORK + "admits(container:c, cluster:k, tcp, 8000, 9000)", CONNECTED),
    "connect-through-service": (ZONE, SENDS + SERVES + "exposed(zone:z, container:c, tcp, 8080, service:lb)", CONNECTED),
}
SHORT = {rule: f"s{i}" for i, rule in enumerate(NEEDED)}


@pytest.fixture(scope="module")
def scenarios() -> Iterator[Scenarios]:
    with grounded(RULES, {SHORT[rule]: text for rule, (_, text, _) in NEEDED.items()}, *STARTS) as made:
        yield made


def test_no_rule_is_left_out() -> None:
    assert set(NEEDED) == {r.name for r in own_pack("kubernetes").rules}


@pytest.mark.parametrize("rule", NEEDED)
def test_the_rule_gives_what_it_says_and_each_fact_is_needed(scenarios: Scenarios, rule: str) -> None:
    start, _, atom = NEEDED[rule]
    assert atom in scenarios.given(SHORT[rule], start, rule)
    for line in scenarios.lines(SHORT[rule]):
        assert atom not in scenarios.given(SHORT[rule], start, rule, without=line), line


@pytest.mark.parametrize(
    ("rule", "denial"),
    [
        ("steal-token-mounted-by-default", "no_automount(account:t)"),
        ("use-default-token-from-node", "no_automount(account:t)"),
        ("start-privileged-pods", "pod_security(namespace:m)"),
        ("own-every-node", "pod_security(namespace:m)"),
        ("connect-to-pod", "default_deny(namespace:m)"),
    ],
)
def test_what_denies_it_is_heeded(rule: str, denial: str) -> None:
    start, text, atom = NEEDED[rule]
    assert atom in derived(RULES, text, start)
    assert atom not in derived(RULES, f"{text}\n{denial}", start)


@pytest.mark.parametrize(("low", "high"), [(8081, 9000), (1, 8079)])
def test_a_policy_admits_its_ports_only(low: int, high: int) -> None:
    start, text, atom = NEEDED["connect-where-policy-admits"]
    assert atom not in derived(RULES, text.replace("8000, 9000", f"{low}, {high}"), start)
