"""Reports of network scanners."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.estate.readers.nessus import using
from mithridate.model.errors import UsageError
from tests.estate.readers.reading import read, survives

NMAP = """<?xml version="1.0"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap"><host><status state="up"/>
<address addr="192.0.2.7" addrtype="ipv4"/><address addr="00:00:5E:00:53:01" addrtype="mac"/>
<hostnames><hostname name="Web01.bank.example" type="PTR"/></hostnames>
<ports><port protocol="tcp" portid="443"><state state="open"/>
<service name="https" product="nginx" version="1.18"><cpe>cpe:/a:nginx:nginx:1.18</cpe></service></port>
<port protocol="tcp" portid="22"><state state="filtered"/></port>
<port protocol="udp" portid="53"><state state="open"/></port>
<port protocol="tcp" portid="many"><state state="open"/></port></ports></host>
<host><status state="down"/><address addr="192.0.2.8" addrtype="ipv4"/></host>
<host><status state="up"/><address addr="2001:db8::1" addrtype="ipv6"/></host>
<host><status state="up"/><address addr="not one" addrtype="ipv4"/></host></nmaprun>
"""
NESSUS = """<?xml version="1.0"?>
<NessusClientData_v2><Report name="r"><ReportHost name="192.0.2.9"><HostProperties>
<tag name="host-ip">192.0.2.9</tag><tag name="host-fqdn">DB.bank.example</tag></HostProperties>
<ReportItem port="5432" svc_name="postgresql" protocol="tcp" pluginID="1"><cve>CVE-2099-1</cve>
<cvss3_vector>CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H</cvss3_vector><exploit_available>true</exploit_available></ReportItem>
<ReportItem port="0" svc_name="general" protocol="tcp" pluginID="2"><potential_vulnerability>true</potential_vulnerability>
<cvss3_vector>CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H</cvss3_vector></ReportItem>
<ReportItem port="80" svc_name="www" protocol="tcp" pluginID="3">
<cvss3_vector>CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H</cvss3_vector></ReportItem>
</ReportHost></Report></NessusClientData_v2>
"""


def test_open_ports_of_hosts_that_are_up_are_services(tmp_path: Path) -> None:
    (tmp_path / "scan.xml").write_text(NMAP)
    found = read([tmp_path / "scan.xml"])
    assert found.told == {
        "identifier(host:192.0.2.7, ip, 192.0.2.7)",
        "identifier(host:192.0.2.7, mac, 00:00:5e:00:53:01)",
        "identifier(host:192.0.2.7, fqdn, web01.bank.example)",
        "zone(zone:192.0.2.0/24)",
        "in_zone(host:192.0.2.7, zone:192.0.2.0/24)",
        "service(host:192.0.2.7, software:nginx 1.18, tcp, 443, account:nginx 1.18 on 192.0.2.7)",
        "identifier(software:nginx 1.18, cpe, cpe:/a:nginx:nginx:1.18)",
        "service(host:192.0.2.7, software:udp 53, udp, 53, account:udp 53 on 192.0.2.7)",
        "identifier(host:2001:db8::1, ip, 2001:db8::1)",
        "zone(zone:2001:db8::/64)",
        "in_zone(host:2001:db8::1, zone:2001:db8::/64)",
    }
    assert [place for place, _ in found.broken] == [1, 4]
    assert found.readings[0].records == 2
    (zoned,) = [f for f in found.facts if str(f) == "in_zone(host:192.0.2.7, zone:192.0.2.0/24)"]
    assert zoned.confidence.word == "inferred"


def test_findings_become_flaws_by_their_vectors(tmp_path: Path) -> None:
    (tmp_path / "r.nessus").write_text(NESSUS)
    found = read([tmp_path / "r.nessus"])
    database, general = "software:postgresql on 192.0.2.9 tcp 5432", "software:general on 192.0.2.9 tcp 0"
    assert found.told >= {
        f"service(host:192.0.2.9, {database}, tcp, 5432, account:postgresql on 192.0.2.9 tcp 5432)",
        f"vulnerable(host:192.0.2.9, {database}, vulnerability:CVE-2099-1)",
        "grants(vulnerability:CVE-2099-1, remote, code)",
        "exploit(vulnerability:CVE-2099-1, 3)",
        f"installed(host:192.0.2.9, {general})",
        f"vulnerable(host:192.0.2.9, {general}, vulnerability:plugin 2)",
        "grants(vulnerability:plugin 2, local, root)",
        "exploit(vulnerability:plugin 2, 6)",
        "identifier(host:192.0.2.9, fqdn, db.bank.example)",
    }
    assert not any("plugin 3" in f for f in found.told)  # it only stops the service
    guessed = [f for f in found.facts if f.predicate == "vulnerable" and "plugin 2" in str(f)]
    assert [f.confidence.word for f in guessed] == ["inferred"]


@pytest.mark.parametrize(
    ("vector", "used"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", ("client", "code")),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", ("remote", "read")),
        ("CVSS2#AV:N/AC:L/Au:N/C:C/I:C/A:C", ("remote", "code")),
        ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None),
        ("", None),
    ],
)
def test_a_vector_tells_how_a_flaw_is_used(vector: str, used: tuple[str, str] | None) -> None:
    assert using(vector) == used


BOMB = '<!DOCTYPE nmaprun [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><nmaprun><host>&b;</host></nmaprun>'
OUTSIDE = '<!DOCTYPE nmaprun [<!ENTITY a SYSTEM "file:///etc/passwd">]><nmaprun><host>&a;</host></nmaprun>'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "declares entities"),
        (OUTSIDE, "declares entities"),
        ("<nmaprun>" + "<x>" * 5000, "nested more than"),
        ("<nmaprun><host>", "is no XML"),
        ('<?xml version="1.0" encoding="utf-99"?><nmaprun/>', "is no XML"),
    ],
)
def test_hostile_xml_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "scan.xml").write_text(text)
    with pytest.raises(UsageError, match=said):
        read([tmp_path / "scan.xml"])


def test_another_document_is_not_read_as_a_scan(tmp_path: Path) -> None:
    (tmp_path / "scan.xml").write_text("<html/>")
    with pytest.raises(UsageError, match="is no nmaprun document"):
        read([tmp_path / "scan.xml"], reader="nmap")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["nmap", "nessus"]), st.integers(0, 900), st.binary(max_size=6), st.integers(0, 30))
def test_any_change_is_read_or_refused(tmp_path: Path, reader: str, at: int, new: bytes, cut: int) -> None:
    text = (NMAP if reader == "nmap" else NESSUS).encode()
    survives(tmp_path / "a.xml", text[:at] + new + text[at + cut :], reader)
