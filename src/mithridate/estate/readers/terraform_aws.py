"""AWS in Terraform: identities and what they may do, machines and security groups, stores of data."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from mithridate.estate.readers.address_zones import INTERNET, is_everything, zone_of_range
from mithridate.estate.readers.aws_rights import AWS_LAUNCHES, AWS_MANAGED, AWS_RIGHTS
from mithridate.estate.readers.iam_policies import Permissions, Statement, statements, wildcard
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.terraform_resources import Resource, base_address, listed, whole
from mithridate.model.estate import Confidence

_KINDS = {
    "aws_iam_role": ("role", "role"),
    "aws_iam_user": ("user", "account"),
    "aws_iam_group": ("group", "group"),
    "aws_iam_policy": ("policy", "policy"),
    "aws_instance": ("instance", "host"),
    "aws_lambda_function": ("function", "function"),
    "aws_s3_bucket": ("bucket", "data"),
    "aws_dynamodb_table": ("table", "data"),
    "aws_secretsmanager_secret": ("secret", "data"),
    "aws_ssm_parameter": ("parameter", "data"),
    "aws_db_instance": ("database", "data"),
}
_IDENTITIES = ("aws_iam_role", "aws_iam_user", "aws_iam_group")
_STORES = {"bucket": "objects", "table": "objects", "secret": "secrets", "parameter": "secrets", "database": "database"}
AWS_TYPES = frozenset(_KINDS) | frozenset(
    {
        "aws_iam_instance_profile",
        "aws_iam_group_membership",
        "aws_iam_user_group_membership",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_security_group",
        "aws_security_group_rule",
        "aws_vpc_security_group_ingress_rule",
        *(f"aws_iam_{kind}_policy{end}" for kind in ("role", "user", "group") for end in ("", "_attachment")),
    }
)
_ACCOUNT = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:([0-9]{12}):")
_TRUSTED = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):root\Z|([0-9]{12})\Z")
_INFERRED, _OBSERVED = Confidence.INFERRED, Confidence.OBSERVED


class Aws:
    """All resources of one file; `state` says what they mean."""

    def __init__(self, found: list[Resource], sink: Sink) -> None:
        self._sink = sink
        self._of: defaultdict[str, list[Resource]] = defaultdict(list)
        self._known: dict[str, Resource] = {}
        for one in found:
            if one.type in AWS_TYPES and not one.data:
                self._of[one.type].append(one)
                for name in (one.text("arn"), one.text("id"), f"{one.type} {one.text('name', 'bucket')}", one.address):
                    if name:
                        self._known.setdefault(name, one)
                self._known.setdefault(base_address(one.address), one)
        arns = (m[1] for one in found if (m := _ACCOUNT.match(one.text("arn"))))
        self.account = f"cloud:{next(arns, 'aws')}"
        self._attached: defaultdict[str, list[Statement]] = defaultdict(list)
        self._members: defaultdict[str, list[str]] = defaultdict(list)
        self._by_kind: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)

    def state(self) -> None:
        """Put all facts into the sink."""
        if not self._of:
            return
        self._sink.fact("cloud_account", self.account, place=1, confidence=_INFERRED)
        for step in (self._nodes, self._policies, self._groups, self._identities, self._machines, self._network, self._buckets):
            step()

    # Names.

    def _find(self, one: Resource, attribute: str, kind: str) -> Resource | None:
        for value in (one.text(attribute), *one.references.get(attribute, ())):
            for name in (value, f"{kind} {value}"):
                if value and name in self._known:
                    return self._known[name]
        return None

    def _node(self, one: Resource) -> str:
        kind = _KINDS[one.type][1]
        if one.type == "aws_instance":
            return f"host:{one.text('id') or one.address}"
        return f"{kind}:{self._arn(one)}"

    def _arn(self, one: Resource) -> str:
        if one.type == "aws_s3_bucket" and not one.text("arn") and one.text("bucket"):
            return f"arn:aws:s3:::{one.text('bucket')}"
        return one.text("arn") or one.address

    def _each(self, *types: str) -> Iterator[Resource]:
        for kind in types:
            yield from self._of[kind]

    def _nodes(self) -> None:
        for one in self._each(*_KINDS):
            with self._sink.tolerate(one.place):
                kind, node = _KINDS[one.type][0], self._node(one)
                scope = f"scope:{self.account.partition(':')[2]} {kind}"
                self._by_kind[kind].append((self._arn(one), node))
                for within in (node, scope, *(["scope:every role"] if kind == "role" else [])):
                    self._sink.fact("in_scope", node, within, place=one.place)
                if one.text("arn"):
                    self._sink.fact("identifier", node, "arn", one.text("arn"), place=one.place)
                if one.type in _IDENTITIES:
                    self._sink.fact("principal", node, self.account, place=one.place)
                if kind in _STORES:
                    self._sink.fact(_STORES[kind], node, place=one.place)
                    self._sink.fact("stored", node, self.account, place=one.place)

    # What identities may do.

    def _policies(self) -> None:
        for kind in ("role", "user", "group"):
            for one in self._each(f"aws_iam_{kind}_policy"):
                with self._sink.tolerate(one.place):
                    owner = self._find(one, kind, f"aws_iam_{kind}")
                    if owner and one.text("policy"):
                        name = f"policy:inline {one.text('name') or one.address} of {owner.text('name') or owner.address}"
                        self._attach(owner, one.text("policy"), name, one.place)
            for one in self._each(f"aws_iam_{kind}_policy_attachment"):
                with self._sink.tolerate(one.place):
                    owner = self._find(one, kind, f"aws_iam_{kind}")
                    if owner:
                        self._managed(owner, one)
        for one in self._each("aws_iam_role"):
            with self._sink.tolerate(one.place):
                for block in one.blocks("inline_policy"):
                    if isinstance(block.get("policy"), str) and block["policy"]:
                        name = f"policy:inline {block.get('name')} of {one.text('name') or one.address}"
                        self._attach(one, block["policy"], name, one.place)

    def _managed(self, owner: Resource, one: Resource) -> None:
        policy = self._find(one, "policy_arn", "aws_iam_policy")
        arn = one.text("policy_arn")
        name = arn.rpartition("/")[2]
        if policy and policy.type == "aws_iam_policy" and policy.text("policy"):
            self._attach(owner, policy.text("policy"), self._node(policy), one.place)
        elif arn.startswith("arn:aws") and ":aws:policy/" in arn and name in AWS_MANAGED:
            actions, but = AWS_MANAGED[name]
            known = Statement(True, actions or but, bool(but), ("*",), False, (), f"policy:{arn}")
            self._attached[self._node(owner)].append(known)
            self._sink.fact("attached", self._node(owner), f"policy:{arn}", place=one.place)
        else:
            self._sink.broken(one.place, f"the text of the policy {arn or one.address} is not known here")

    def _attach(self, owner: Resource, document: str, policy: str, place: int) -> None:
        self._attached[self._node(owner)] += statements(document, policy)
        self._sink.fact("attached", self._node(owner), policy, place=place)

    def _groups(self) -> None:
        for one in self._each("aws_iam_group_membership"):
            with self._sink.tolerate(one.place):
                group = self._find(one, "group", "aws_iam_group")
                for user in (self._known.get(f"aws_iam_user {name}") for name in one.texts("users")):
                    self._join(user, group, one.place)
        for one in self._each("aws_iam_user_group_membership"):
            with self._sink.tolerate(one.place):
                user = self._find(one, "user", "aws_iam_user")
                for group in (self._known.get(f"aws_iam_group {name}") for name in one.texts("groups")):
                    self._join(user, group, one.place)

    def _join(self, user: Resource | None, group: Resource | None, place: int) -> None:
        if user and group:
            self._members[self._node(user)].append(self._node(group))
            self._sink.fact("member", self._node(user), self._node(group), place=place)

    def _identities(self) -> None:
        for one in self._each(*_IDENTITIES):
            with self._sink.tolerate(one.place):
                node = self._node(one)
                given = [s for owner in (node, *self._members[node]) for s in self._attached[owner]]
                boundary = self._known.get(one.text("permissions_boundary"))
                limit = statements(boundary.text("policy")) if boundary and boundary.text("policy") else None
                self._may(node, Permissions(given, limit), one.place)
                if one.text("assume_role_policy"):
                    self._trust(node, statements(one.text("assume_role_policy")), one.place)

    def _may(self, node: str, permissions: Permissions, place: int) -> None:
        whole_account = permissions.everything
        if whole_account:
            self._sink.fact("administers", node, self.account, whole_account.policy, place=place)
            self._sink.fact("allows", node, "assume", "scope:every role", whole_account.policy, place=place)
            return
        for right, kind, actions in AWS_RIGHTS:
            if not permissions.may(actions):
                continue
            for granted in permissions.on(actions[0]):
                for scope in self._scopes(granted.pattern, kind, right):
                    confidence = _INFERRED if granted.conditional else _OBSERVED
                    self._sink.fact("allows", node, right, scope, granted.policy, place=place, confidence=confidence)
        for service, ways in AWS_LAUNCHES.items():
            for granted in filter(None, map(permissions.may, ways)):
                self._sink.fact("launches", node, service, granted.policy, place=place)

    def _scopes(self, pattern: str, kind: str, right: str) -> Iterable[str]:
        """The scopes that a pattern of a policy means: all of a kind, or the resources that match."""
        if kind == "bucket":
            pattern = pattern.partition("/")[0]
        if pattern in ("*", "arn:aws:s3:::*"):
            return ["scope:every role" if right == "assume" else f"scope:{self.account.partition(':')[2]} {kind}"]
        found = [node for arn, node in self._by_kind[kind] if wildcard(pattern, arn)]
        if not found and kind == "role" and "*" not in pattern and pattern.startswith("arn:aws"):
            return [f"role:{pattern}"]
        return found

    def _trust(self, node: str, given: list[Statement], place: int) -> None:
        for statement in given:
            if not statement.allow or not any(wildcard(a, "sts:assumerole") for a in statement.actions):
                continue
            confidence = _INFERRED if statement.conditional else _OBSERVED
            for kind, name in statement.principals:
                account = _TRUSTED.match(name)
                if kind == "Service":
                    self._sink.fact("trusts_service", node, name, place=place, confidence=confidence)
                elif kind == "AWS" and name == "*" and not statement.conditional:
                    self._sink.fact("trusts_anyone", node, place=place)
                elif kind == "AWS" and account:
                    trusted = f"cloud:{account[1] or account[2]}"
                    self._sink.fact("cloud_account", trusted, place=place)
                    self._sink.fact("trusts_account", node, trusted, place=place, confidence=confidence)
                elif kind == "AWS" and name != "*":
                    who = ("role" if ":role/" in name else "account") + f":{name}"
                    self._sink.fact("trusts", node, who, place=place, confidence=confidence)

    # Machines and their network.

    def _machines(self) -> None:
        for one in self._each("aws_instance"):
            with self._sink.tolerate(one.place):
                node = self._node(one)
                self._sink.fact("instance", node, self.account, place=one.place)
                for kind, names in (
                    ("ip", ("private_ip", "public_ip")),
                    ("fqdn", ("private_dns", "public_dns")),
                    ("instance", ("id",)),
                ):
                    for name in names:
                        if one.text(name):
                            self._sink.fact("identifier", node, kind, one.text(name), place=one.place)
                profile = self._find(one, "iam_instance_profile", "aws_iam_instance_profile")
                role = self._find(profile, "role", "aws_iam_role") if profile else None
                if role:
                    self._sink.fact("runs_with", node, self._node(role), place=one.place)
                    if Permissions(self._attached[self._node(role)]).may(["ssm:UpdateInstanceInformation"]):
                        self._sink.fact("managed", node, place=one.place, confidence=_INFERRED)
                options = (one.blocks("metadata_options") or [{}])[0]
                if options.get("http_tokens") != "required" or whole(options.get("http_put_response_hop_limit"), 1) > 1:
                    self._sink.fact("metadata_from_containers", node, place=one.place, confidence=_INFERRED)
        for one in self._each("aws_lambda_function"):
            with self._sink.tolerate(one.place):
                role = self._find(one, "role", "aws_iam_role")
                if role:
                    self._sink.fact("runs_with", self._node(one), self._node(role), place=one.place)

    def _network(self) -> None:
        """A security group is a zone; members with a public address are in another one too, which the internet may reach."""
        for one in self._each("aws_instance"):
            with self._sink.tolerate(one.place):
                groups = [f"zone:{g}" for g in one.texts("vpc_security_group_ids")]
                groups += [f"zone:{self._group(r)}" for r in one.references.get("vpc_security_group_ids", ()) if not groups]
                public = bool(one.text("public_ip")) or one.values.get("associate_public_ip_address") is True
                for zone in groups:
                    for within in (zone, *([f"{zone} from outside"] if public else [])):
                        self._sink.fact("zone", within, place=one.place)
                        self._sink.fact("in_zone", self._node(one), within, place=one.place)
        for one in self._each("aws_security_group"):
            with self._sink.tolerate(one.place):
                for rule in one.blocks("ingress"):
                    self._ingress(one.text("id") or base_address(one.address), rule, one.place)
        for one in self._each("aws_security_group_rule", "aws_vpc_security_group_ingress_rule"):
            with self._sink.tolerate(one.place):
                if one.text("type") in ("", "ingress"):
                    group = one.text("security_group_id") or next(iter(one.references.get("security_group_id", ())), "")
                    if group:
                        self._ingress(self._group(group), one.values, one.place)

    def _group(self, reference: str) -> str:
        known = self._known.get(reference)
        return (known.text("id") or base_address(known.address)) if known else reference

    def _ingress(self, group: str, rule: dict[str, object], place: int) -> None:
        protocol = str(rule.get("protocol") or rule.get("ip_protocol") or "tcp").lower()
        every = protocol in ("-1", "all")
        low, high = (1, 65535) if every else (whole(rule.get("from_port"), 1), whole(rule.get("to_port"), 65535))
        ranges = [r for key in ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6") for r in listed(rule.get(key))]
        groups = [
            g
            for key in ("security_groups", "source_security_group_id", "referenced_security_group_id")
            for g in listed(rule.get(key))
        ]
        zones = [f"zone:{self._group(g)}" for g in groups] + ([f"zone:{group}"] if rule.get("self") is True else [])
        target = f"zone:{group}"
        for name in ("tcp", "udp") if every else (protocol,):
            for zone in zones:
                self._sink.fact("allow", zone, target, name, low, high, place=place)
            for one in ranges:
                source = zone_of_range(one, self._sink, place)
                outer = f"{target} from outside" if source == INTERNET and is_everything(one) else target
                self._sink.fact("allow", source, outer, name, low, high, place=place)

    # Buckets.

    def _buckets(self) -> None:
        shielded = {
            self._node(bucket)
            for one in self._each("aws_s3_bucket_public_access_block")
            if one.values.get("restrict_public_buckets") is True and (bucket := self._find(one, "bucket", "aws_s3_bucket"))
        }
        for one in self._each("aws_s3_bucket_policy"):
            with self._sink.tolerate(one.place):
                bucket = self._find(one, "bucket", "aws_s3_bucket")
                if not bucket or not one.text("policy"):
                    continue
                node, name = self._node(bucket), f"policy:of {bucket.text('bucket') or bucket.address}"
                for statement in statements(one.text("policy")):
                    if statement.allow and statement.covers("s3:getobject"):
                        self._opened(node, name, statement, node in shielded, one.place)
        for one in self._each("aws_s3_bucket"):
            with self._sink.tolerate(one.place):
                if one.text("acl").startswith("public-read") and self._node(one) not in shielded:
                    self._sink.fact("public", self._node(one), place=one.place)

    def _opened(self, node: str, policy: str, statement: Statement, shielded: bool, place: int) -> None:
        for kind, name in statement.principals:
            account = _TRUSTED.match(name)
            if kind == "AWS" and name == "*":
                if not statement.conditional and not shielded:
                    self._sink.fact("public", node, place=place)
            elif kind == "AWS" and account:
                self._sink.fact("opened_to_account", node, f"cloud:{account[1] or account[2]}", policy, place=place)
            elif kind == "AWS":
                who = ("role" if ":role/" in name else "account") + f":{name}"
                self._sink.fact("opened_to", node, who, policy, place=place)
