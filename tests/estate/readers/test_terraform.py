"""Terraform states: what is read, that secrets are not, and hostile files."""

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.estate.readers.reading import read, survives

ARN = "arn:aws:iam::111122223333:"
TRUST = json.dumps({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}})
MAY = json.dumps({"Statement": [{"Effect": "Allow", "Action": ["iam:Pass*", "ec2:RunInstances"], "Resource": "*"}]})


def one(kind: str, called: str, /, **attributes: Any) -> dict[str, Any]:
    return {"mode": "managed", "type": kind, "name": called, "instances": [{"attributes": attributes}]}


STATE: dict[str, Any] = {
    "version": 4,
    "terraform_version": "1.9.0",
    "resources": [
        one("aws_iam_role", "web", name="web", id="web", arn=f"{ARN}role/web", assume_role_policy=TRUST),
        one("aws_iam_role_policy", "web", role="web", name="run", policy=MAY),
        one("aws_iam_instance_profile", "web", name="profile", role="web"),
        one(
            "aws_instance",
            "web",
            id="i-1",
            iam_instance_profile="profile",
            vpc_security_group_ids=["sg-1"],
            public_ip="192.0.2.1",
        ),
        one(
            "aws_security_group",
            "web",
            id="sg-1",
            ingress=[{"cidr_blocks": ["0.0.0.0/0"], "from_port": 443, "to_port": 443, "protocol": "tcp"}],
        ),
        one("aws_ssm_parameter", "key", arn="arn:aws:ssm:eu:111122223333:parameter/key", value="hunter2"),
    ],
}


def test_a_state_gives_identities_machines_and_zones(tmp_path: Path) -> None:
    (tmp_path / "a.tfstate").write_text(json.dumps(STATE))
    found = read([tmp_path / "a.tfstate"])
    role = f"role:{ARN}role/web"
    assert {
        f"principal({role}, cloud:111122223333)",
        f"allows({role}, pass-role, scope:111122223333 role, policy:inline run of web)",
        f"launches({role}, ec2.amazonaws.com, policy:inline run of web)",
        f"trusts_service({role}, ec2.amazonaws.com)",
        f"runs_with(host:i-1, {role})",
        "in_zone(host:i-1, zone:sg-1 from outside)",
        "allow(zone:internet, zone:sg-1 from outside, tcp, 443, 443)",
    } <= found.told
    assert found.broken == []


def test_no_value_of_a_secret_becomes_a_fact(tmp_path: Path) -> None:
    (tmp_path / "a.tfstate").write_text(json.dumps(STATE))
    assert not any("hunter2" in fact for fact in read([tmp_path / "a.tfstate"]).told)


def test_a_denial_takes_a_right_away(tmp_path: Path) -> None:
    deny = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    text = json.dumps({"Statement": [*json.loads(MAY)["Statement"], deny]})
    state = {
        **STATE,
        "resources": [STATE["resources"][0], one("aws_iam_role_policy", "web", role="web", name="run", policy=text)],
    }
    (tmp_path / "a.tfstate").write_text(json.dumps(state))
    assert not any(f.startswith("allows(") for f in read([tmp_path / "a.tfstate"]).told)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2500), st.binary(max_size=6), st.integers(0, 30))
def test_any_change_is_read_or_refused(tmp_path: Path, at: int, new: bytes, cut: int) -> None:
    text = json.dumps(STATE).encode()
    survives(tmp_path / "a.tfstate", text[:at] + new + text[at + cut :], "terraform")
