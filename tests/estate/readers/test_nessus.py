"""Nessus reports."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.model.errors import UsageError
from tests.estate.readers.reading import read, survives

REPORT = """<?xml version="1.0" ?>
<NessusClientData_v2>
<Policy><policyName>p</policyName></Policy>
<Report name="branch">
<ReportHost name="web01.bank.example"><HostProperties>
<tag name="host-ip">192.0.2.7</tag>
<tag name="netbios-name">WEB01</tag>
<tag name="mac-address">00:00:5E:00:53:01</tag>
<tag name="operating-system">Microsoft Windows 10 Pro</tag>
</HostProperties>
<ReportItem port="443" svc_name="www" protocol="tcp" severity="0" pluginID="22964" pluginName="Services"/>
<ReportItem port="443" svc_name="www" protocol="tcp" severity="4" pluginID="1" pluginName="Apache path">
<cpe>cpe:/a:apache:http_server</cpe><cve>CVE-2021-41773</cve>
<cvss_vector>CVSS2#AV:N/AC:M/Au:N/C:P/I:N/A:N</cvss_vector>
<cvss3_vector>CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H</cvss3_vector>
<exploit_available>true</exploit_available>
<cisa-known-exploited>2021/11/17</cisa-known-exploited>
</ReportItem>
<ReportItem port="445" svc_name="cifs?" protocol="tcp" severity="4" pluginID="2" pluginName="SMB server" pluginFamily="Windows">
<cve>CVE-2017-0143</cve><cve>CVE-2017-0144</cve>
<cvss3_vector>CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H</cvss3_vector>
<exploit_framework_metasploit>true</exploit_framework_metasploit>
</ReportItem>
<ReportItem port="0" svc_name="general" protocol="tcp" severity="3" pluginID="3" pluginName="Reader" pluginFamily="Windows">
<cpe>cpe:/a:adobe:reader:11</cpe><cve>CVE-2099-1234</cve>
<cvss3_vector>CVSS:3.0/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H</cvss3_vector>
</ReportItem>
<ReportItem port="0" svc_name="general" protocol="tcp" severity="2" pluginID="4" pluginName="Stops" pluginFamily="Windows">
<cve>CVE-2099-5</cve><cve>CVE-2099-55555</cve>
<cvss3_vector>CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H</cvss3_vector>
</ReportItem>
<ReportItem port="many" svc_name="www" protocol="tcp" severity="4" pluginID="5" pluginName="x"/>
</ReportHost>
<ReportHost name="192.0.2.9"><ReportItem port="53" svc_name="dns" protocol="udp" severity="0" pluginID="9" pluginName="y"/>
</ReportHost>
</Report></NessusClientData_v2>
"""
HOST = "host:192.0.2.7"
WWW, CIFS = (f"unidentified {s} on 192.0.2.7 tcp {p}" for s, p in (("www", 443), ("cifs", 445)))
DNS = "unidentified dns on 192.0.2.9 udp 53"
SYSTEM = "Microsoft Windows 10 Pro"
FACTS = {
    f"identifier({HOST}, ip, 192.0.2.7)",
    f"identifier({HOST}, hostname, web01)",
    f"identifier({HOST}, fqdn, web01.bank.example)",
    f"identifier({HOST}, mac, 00:00:5E:00:53:01)",
    f"installed({HOST}, software:{SYSTEM})",
    f"system({HOST}, software:{SYSTEM})",
    f"opens_content({HOST}, account:somebody on 192.0.2.7)",
    f"service({HOST}, software:{WWW}, tcp, 443, account:{WWW} on 192.0.2.7)",
    "identifier(software:http_server, cpe, cpe:/a:apache:http_server)",
    f"service({HOST}, software:http_server, tcp, 443, account:http_server on 192.0.2.7)",
    f"vulnerable({HOST}, software:http_server, vulnerability:CVE-2021-41773)",
    "grants(vulnerability:CVE-2021-41773, remote, code)",
    "exploit(vulnerability:CVE-2021-41773, 3)",
    f"service({HOST}, software:{CIFS}, tcp, 445, account:{CIFS} on 192.0.2.7)",
    f"vulnerable({HOST}, software:{CIFS}, vulnerability:nessus 2 SMB server)",
    f"vulnerable({HOST}, software:{CIFS}, vulnerability:CVE-2017-0143)",
    f"vulnerable({HOST}, software:{CIFS}, vulnerability:CVE-2017-0144)",
    "grants(vulnerability:nessus 2 SMB server, remote, code)",
    "exploit(vulnerability:nessus 2 SMB server, 1)",
    "identifier(software:reader 11, cpe, cpe:/a:adobe:reader:11)",
    f"installed({HOST}, software:reader 11)",
    f"vulnerable({HOST}, software:reader 11, vulnerability:CVE-2099-1234)",
    "grants(vulnerability:CVE-2099-1234, client, code)",
    "exploit(vulnerability:CVE-2099-1234, 6)",
    f"installed({HOST}, software:unidentified software on 192.0.2.7)",
    f"vulnerable({HOST}, software:unidentified software on 192.0.2.7, vulnerability:CVE-2099-55555)",
    "identifier(host:192.0.2.9, ip, 192.0.2.9)",
    f"service(host:192.0.2.9, software:{DNS}, udp, 53, account:{DNS} on 192.0.2.9)",
}


def report(folder: Path, text: str = REPORT) -> Path:
    (folder / "scan.nessus").write_text(text)
    return folder / "scan.nessus"


def test_hosts_services_and_flaws_are_facts(tmp_path: Path) -> None:
    found = read([report(tmp_path)])
    assert found.told == FACTS
    assert found.readings[0].reader == "nessus"
    assert found.places("exploit(vulnerability:CVE-2021-41773, 3)") == [12]
    assert [place for place, _ in found.broken] == [32]


def test_what_only_stops_a_program_grants_nothing(tmp_path: Path) -> None:
    assert not {f for f in read([report(tmp_path)]).told if f.startswith("grants(vulnerability:CVE-2099-5")}


def test_what_the_scanner_guesses_is_inferred(tmp_path: Path) -> None:
    def sure(text: str) -> set[str]:
        flaws = (f for f in read([report(tmp_path, text)]).facts if f.predicate == "vulnerable")
        return {f.confidence.word for f in flaws if "http_server" in str(f)}

    told = "<exploit_available>true</exploit_available>"
    assert sure(REPORT) == {"observed"}
    assert sure(REPORT.replace(told, f"{told}<potential_vulnerability>true</potential_vulnerability>")) == {"inferred"}


def test_a_host_without_an_address_is_passed_over(tmp_path: Path) -> None:
    found = read([report(tmp_path, REPORT.replace('<tag name="host-ip">192.0.2.7</tag>', ""))])
    assert {f for f in found.told if "192.0.2.7" in f} == set()
    assert len(found.broken) == 7


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE x [<!ENTITY a 'a'>]><NessusClientData_v2>&a;</NessusClientData_v2>",
        "<NessusClientData_v2>",
        "<NessusClientData_v2><Report>" + "<a>" * 200,
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        read([report(tmp_path, text)], reader="nessus")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(REPORT)), st.binary(max_size=8), st.integers(0, 60))
def test_any_change_is_read_or_refused(tmp_path: Path, at: int, new: bytes, cut: int) -> None:
    content = REPORT.encode()
    survives(tmp_path / "scan.nessus", content[:at] + new + content[at + cut :], "nessus")
