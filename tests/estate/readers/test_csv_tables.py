"""CSV tables with a header."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.model.errors import UsageError
from tests.estate.readers.reading import read, survives

HOSTS = """Host,IP,zone,Name,OS,software,opens_content,holds,sboms,tags
web01,192.0.2.7;2001:db8::7,dmz,web01;web01.bank.example,debian 12,openssl 3,alice,cards,shop.json,front;old

web02,nowhere,dmz
,,dmz
"""


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_table_of_hosts(tmp_path: Path) -> None:
    found = read([written(tmp_path, "hosts-berlin.csv", HOSTS)])
    assert found.told == {
        "identifier(host:web01, ip, 192.0.2.7)",
        "identifier(host:web01, ip, 2001:db8::7)",
        "identifier(host:web01, hostname, web01)",
        "identifier(host:web01, fqdn, web01.bank.example)",
        "in_zone(host:web01, zone:dmz)",
        "in_zone(host:web02, zone:dmz)",
        "installed(host:web01, software:debian 12)",
        "installed(host:web01, software:openssl 3)",
        "system(host:web01, software:debian 12)",
        "opens_content(host:web01, account:alice)",
        "holds(host:web01, data:cards)",
        "deployed(host:web01, sbom:shop.json)",
        "tag(host:web01, front)",
        "tag(host:web01, old)",
    }
    assert [place for place, _ in found.broken] == [4, 5]
    assert found.readings[0].records == 1


def test_the_other_tables(tmp_path: Path) -> None:
    files = {
        "services.csv": "port,software,host,account\n443,nginx,web01,www\n22,sshd,web01,\nmany,x,y,z\n",
        "vulnerabilities.csv": "host,software,id,how,gives,cost\nweb01,nginx,CVE-1,,,\nweb01,sudo,CVE-2,local,root,1\n",
        "allows.csv": "from,to,ports\ninternet,dmz,80-90\ndmz,lan,\ndmz,lan,x\n",
        "zones.csv": "zone,addresses,part_of,tags\ndmz,192.0.2.1/24,,outer\nlan,,inside,\n",
    }
    found = read([written(tmp_path, name, text) for name, text in files.items()])
    assert found.told == {
        "service(host:web01, software:nginx, tcp, 443, account:www)",
        "service(host:web01, software:sshd, tcp, 22, account:sshd on web01)",
        "vulnerable(host:web01, software:nginx, vulnerability:CVE-1)",
        "grants(vulnerability:CVE-1, remote, code)",
        "exploit(vulnerability:CVE-1, 3)",
        "vulnerable(host:web01, software:sudo, vulnerability:CVE-2)",
        "grants(vulnerability:CVE-2, local, root)",
        "exploit(vulnerability:CVE-2, 1)",
        "allow(zone:internet, zone:dmz, tcp, 80, 90)",
        "allow(zone:dmz, zone:lan, tcp, 1, 65535)",
        *(f"zone(zone:{z})" for z in ("internet", "dmz", "lan")),
        "range(zone:dmz, 192.0.2.0/24)",
        "within(zone:lan, zone:inside)",
        "tag(zone:dmz, outer)",
    }
    assert [place for place, _ in found.broken] == [4, 4]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("hosts.csv", "name,zone\na,b\n", "has no column host"),
        ("services.csv", "", "has no column host"),
        ("allows.csv", "from,to\n" + '"' + "x" * (2 << 20), "cannot be read as CSV"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read([written(tmp_path, name, text)])


def test_a_column_that_nobody_knows_is_told(tmp_path: Path) -> None:
    assert read([written(tmp_path, "hosts.csv", "host,colour\na,red\n")]).broken == [(1, "hosts.csv has no column 'colour'")]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(HOSTS)), st.binary(max_size=8), st.integers(0, 40))
def test_any_change_is_read_or_refused(tmp_path: Path, at: int, new: bytes, cut: int) -> None:
    content = HOSTS.encode()
    survives(tmp_path / "hosts.csv", content[:at] + new + content[at + cut :], "table")
