"""Nmap's XML."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.model.errors import UsageError
from tests.estate.readers.reading import read, survives

SCAN = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="nmap -sV -oX out 192.0.2.0/24" version="7.94">
<host starttime="1"><status state="up" reason="syn-ack"/>
<address addr="192.0.2.7" addrtype="ipv4"/><address addr="00:00:5E:00:53:01" addrtype="mac" vendor="Example"/>
<hostnames><hostname name="www.bank.example" type="PTR"/></hostnames>
<ports><extraports state="closed" count="997"/>
<port protocol="tcp" portid="443"><state state="open" reason="syn-ack"/>
  <service name="https" product="nginx" version="1.18.0" conf="10"><cpe>cpe:/a:igor_sysoev:nginx:1.18.0</cpe></service>
  <script id="vulners" output="…"><table key="cpe:/a:igor_sysoev:nginx:1.18.0">
    <table><elem key="id">CVE-2021-23017</elem><elem key="cvss">7.7</elem><elem key="type">cve</elem></table>
    <table><elem key="id">1337DAY-ID-1</elem><elem key="type">zdt</elem></table></table></script></port>
<port protocol="tcp" portid="22"><state state="filtered" reason="no-response"/><service name="ssh"/></port>
<port protocol="tcp" portid="8443"><state state="open" reason="syn-ack"/><service name="https-alt" method="table" conf="3"/>
  <script id="ssl-heartbleed" output="…"><table key="NMAP-1"><elem key="title">Heartbleed</elem>
    <elem key="state">VULNERABLE</elem><table key="ids"><elem>CVE:CVE-2014-0160</elem></table></table></script></port>
</ports>
<os><osmatch name="Linux 5.4" accuracy="95"><osclass><cpe>cpe:/o:linux:linux_kernel:5.4</cpe></osclass></osmatch></os>
</host>
<host><status state="down" reason="no-response"/><address addr="192.0.2.8" addrtype="ipv4"/></host>
<host><status state="up"/><address addr="nowhere" addrtype="ipv4"/></host>
<host><status state="up"/><address addr="2001:db8::9" addrtype="ipv6"/>
<ports><port protocol="tcp" portid="99999"><state state="open"/></port></ports></host>
</nmaprun>
"""
NGINX = "software:nginx 1.18.0"
UNIDENTIFIED = "unidentified https-alt on 192.0.2.7 tcp 8443"
FACTS = {
    "identifier(host:192.0.2.7, ip, 192.0.2.7)",
    "identifier(host:192.0.2.7, mac, 00:00:5E:00:53:01)",
    "identifier(host:192.0.2.7, fqdn, www.bank.example)",
    f"identifier({NGINX}, cpe, cpe:/a:igor_sysoev:nginx:1.18.0)",
    f"service(host:192.0.2.7, {NGINX}, tcp, 443, account:nginx 1.18.0 on 192.0.2.7)",
    f"vulnerable(host:192.0.2.7, {NGINX}, vulnerability:CVE-2021-23017)",
    f"service(host:192.0.2.7, software:{UNIDENTIFIED}, tcp, 8443, account:{UNIDENTIFIED} on 192.0.2.7)",
    f"vulnerable(host:192.0.2.7, software:{UNIDENTIFIED}, vulnerability:CVE-2014-0160)",
    "installed(host:192.0.2.7, software:Linux 5.4)",
    "system(host:192.0.2.7, software:Linux 5.4)",
    "identifier(software:Linux 5.4, cpe, cpe:/o:linux:linux_kernel:5.4)",
    "identifier(host:2001:db8::9, ip, 2001:db8::9)",
}


def scan(folder: Path, text: str = SCAN, name: str = "scan.xml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_open_ports_and_what_scripts_found_are_facts(tmp_path: Path) -> None:
    found = read([scan(tmp_path)])
    assert found.told == FACTS
    assert found.readings[0].reader == "nmap"
    assert found.readings[0].records == 2
    assert found.places(f"vulnerable(host:192.0.2.7, {NGINX}, vulnerability:CVE-2021-23017)") == [10]
    assert [place for place, _ in found.broken] == [21, 23]


def test_where_the_scan_was_made_is_told_by_the_file_s_name(tmp_path: Path) -> None:
    found = read([scan(tmp_path, name="branch.from-internet.xml")])
    assert found.told - FACTS == {
        "zone(zone:internet)",
        "answers(host:192.0.2.7, zone:internet, tcp, 443)",
        "answers(host:192.0.2.7, zone:internet, tcp, 8443)",
    }


def test_a_scan_that_broke_off_keeps_what_it_has(tmp_path: Path) -> None:
    found = read([scan(tmp_path, SCAN[: SCAN.index('<host><status state="down"')])])
    assert FACTS - found.told == {"identifier(host:2001:db8::9, ip, 2001:db8::9)"}
    assert "the rest of the file is not read" in found.broken[-1][1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<!DOCTYPE nmaprun [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><nmaprun>&b;</nmaprun>', "declares the entity a"),
        ('<!DOCTYPE nmaprun [<!ENTITY a SYSTEM "file:///etc/passwd">]><nmaprun>&a;</nmaprun>', "declares the entity a"),
        ("<nmaprun>" + "<a>" * 200, "nested more than 100 deep"),
        ("<nmaprun><host>" + "<a/>" * 500_000, "larger than 16 MiB"),
        ('<?xml version="1.0" encoding="klingon"?><nmaprun/>', "is no XML that can be read"),
        ("<nmaprun", "is no XML that can be read"),
        ("<other/>", "its first element is other"),
    ],
)
def test_hostile_files_are_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read([scan(tmp_path, text)], reader="nmap")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(SCAN)), st.binary(max_size=8), st.integers(0, 60))
def test_any_change_is_read_or_refused(tmp_path: Path, at: int, new: bytes, cut: int) -> None:
    content = SCAN.encode()
    survives(tmp_path / "scan.xml", content[:at] + new + content[at + cut :], "nmap")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    survives(tmp_path / "scan.xml", content, "nmap")
    survives(tmp_path / "scan.xml", b"<nmaprun>" + content, "nmap")
