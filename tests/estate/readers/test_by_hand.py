"""YAML that people type."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.model.errors import UsageError
from tests.estate.readers.reading import read, survives

BRANCH = """estate: 1
zones:
  internet: {}
  dmz:
    tags: [outer]
    reaches:
      - {zone: payment, ports: 5432}
      - {zone: lan, protocol: udp, ports: 53-54}
  lan: {addresses: 10.0.0.1/8, part_of: [inside]}
accounts:
  bob: {opens_content: [desk], names: [bob@bank.example, bob], tags: staff}
services:
  - {host: desk, software: rdp, port: 3389, account: SYSTEM}
allows:
  - {from: lan, to: dmz, ports: 22}
hosts:
  web01:
    zones: [dmz]
    addresses: 192.0.2.7
    names: [web01, web01.bank.example]
    tags: [front]
    system: debian 12
    opens_content: [alice]
    software: [openssl 3]
    services: [{software: nginx 1, port: 443, account: www}]
    vulnerabilities:
      - {software: nginx 1, id: CVE-1, cost: 6}
    holds: [cards]
    sboms: [shop.json]
data:
  cards: {tags: crown-jewel}
tags:
  zone:internet: [outside]
facts:
  - allow(zone:internet, zone:dmz, tcp, 443, 443)
"""


def test_all_that_is_typed_is_a_fact(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(BRANCH)
    found = read([tmp_path / "bank.yaml"])
    assert found.told == {
        "zone(zone:internet)",
        "zone(zone:dmz)",
        "tag(zone:dmz, outer)",
        "zone(zone:lan)",
        "range(zone:lan, 10.0.0.0/8)",
        "within(zone:lan, zone:inside)",
        "opens_content(host:desk, account:bob)",
        "identifier(account:bob, upn, bob@bank.example)",
        "identifier(account:bob, name, bob)",
        "tag(account:bob, staff)",
        "service(host:desk, software:rdp, tcp, 3389, account:SYSTEM)",
        "allow(zone:lan, zone:dmz, tcp, 22, 22)",
        "system(host:web01, software:debian 12)",
        "installed(host:web01, software:debian 12)",
        "allow(zone:dmz, zone:payment, tcp, 5432, 5432)",
        "allow(zone:dmz, zone:lan, udp, 53, 54)",
        "in_zone(host:web01, zone:dmz)",
        "identifier(host:web01, ip, 192.0.2.7)",
        "identifier(host:web01, hostname, web01)",
        "identifier(host:web01, fqdn, web01.bank.example)",
        "tag(host:web01, front)",
        "opens_content(host:web01, account:alice)",
        "installed(host:web01, software:openssl 3)",
        "service(host:web01, software:nginx 1, tcp, 443, account:www)",
        "vulnerable(host:web01, software:nginx 1, vulnerability:CVE-1)",
        "grants(vulnerability:CVE-1, remote, code)",
        "exploit(vulnerability:CVE-1, 6)",
        "holds(host:web01, data:cards)",
        "deployed(host:web01, sbom:shop.json)",
        "tag(data:cards, crown-jewel)",
        "tag(zone:internet, outside)",
        "allow(zone:internet, zone:dmz, tcp, 443, 443)",
    }
    assert found.places("allow(zone:dmz, zone:payment, tcp, 5432, 5432)") == [7]
    assert found.broken == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hosts: {a: {colour: red}}", "a host has no 'colour'"),
        ("zones: {a: {reaches: [{zone: b, ports: many}]}}", "neither a port nor a range"),
        ("hosts: {a: {services: [{port: 80}]}}", "KeyError: 'software'"),
        ("hosts: {a: {services: 5}}", "a list is wanted here"),
        ("services: [{software: x, port: 1}]", "KeyError: 'host'"),
        ("allows: [{from: a, ports: 1}]", "KeyError: 'to'"),
        ("accounts: {a: {colour: red}}", "an account has no 'colour'"),
        ("zones: {a: {addresses: here}}", "does not appear to be an IPv4 or IPv6 network"),
        ("hosts: [a]", "a mapping is wanted here"),
        ("facts: [nothing(a)]", "is no fact that a pack declares"),
        ("facts: ['allow(a, b, tcp, x, 1)']", "ValueError"),
        ("facts: ['allow(a, b)']", "ValueError"),
        ("colours: {}", "there is no section 'colours'"),
    ],
)
def test_what_is_not_understood_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.yaml").write_text("estate: 1\n" + text + "\n")
    found = read([tmp_path / "a.yaml"])
    assert [place for place, reason in found.broken if said in reason] == [2], found.broken


@pytest.mark.parametrize(
    "content", ["estate: 1\nhosts: [", "estate: 1\n\t- x", "estate: 1\nx: &a [*a", "estate: 1\n" + "[" * 20000]
)
def test_what_is_no_yaml_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.yaml").write_text("estate: 1\n" + content)
    with pytest.raises(UsageError):
        read([tmp_path / "a.yaml"])


def test_a_billion_laughs_are_counted_and_refused(tmp_path: Path) -> None:
    lines = ["estate: 1", "x0: &x0 [zone, zone]"]
    lines += [f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 10)}]" for i in range(1, 12)]
    (tmp_path / "a.yaml").write_text("\n".join([*lines, "hosts: {a: {zones: *x11}}"]) + "\n")
    read([tmp_path / "a.yaml"])  # a list of lists is no list of names
    many = (
        "zones: {a: &a {reaches: &r ["
        + ", ".join(["{zone: b}"] * 2000)
        + "]}, "
        + ", ".join(f"z{i}: *a" for i in range(2000))
        + "}"
    )
    (tmp_path / "b.yaml").write_text(f"estate: 1\n{many}\n")
    with pytest.raises(UsageError, match="aliases count each time"):
        read([tmp_path / "b.yaml"])


def test_no_object_is_made(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("estate: 1\nhosts: !!python/object/apply:os.system ['touch /tmp/never']\n")
    assert read([tmp_path / "a.yaml"]).told == set()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(BRANCH)), st.binary(max_size=8), st.integers(0, 40))
def test_any_change_is_read_or_refused(tmp_path: Path, at: int, new: bytes, cut: int) -> None:
    text = BRANCH.encode()
    survives(tmp_path / "a.yaml", text[:at] + new + text[at + cut :], "yaml")
