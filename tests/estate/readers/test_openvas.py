"""Greenbone reports."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.model.errors import UsageError
from tests.estate.readers.reading import read, survives

REPORT = """<report id="r" format_id="f" extension="xml" content_type="text/xml">
<owner><name>admin</name></owner><report_format/>
<report id="r"><scan_run_status>Done</scan_run_status>
<ports start="1" max="-1"><port>443/tcp<host>192.0.2.7</host></port>
<port>general/tcp<host>192.0.2.7</host></port></ports>
<results start="1" max="100">
<result id="1"><name>Path</name><host>192.0.2.7<hostname>web01.bank.example</hostname></host><port>443/tcp</port>
<nvt oid="1.3.6.1.4.1.25623.1.0.1"><type>nvt</type><name>Path</name><cvss_base>9.8</cvss_base>
<severities><severity><value>CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H</value></severity></severities>
<tags>summary=x|cvss_base_vector=AV:N/AC:L/Au:N/C:P/I:N/A:N</tags>
<refs><ref type="cve" id="CVE-2021-41773"/><ref type="cisa" id="Known Exploited Vulnerability (KEV) catalog"/></refs></nvt>
<severity>9.8</severity><qod><value>95</value></qod>
<detection><result id="d"><details><detail><name>product</name>
<value>cpe:/a:apache:http_server:2.4.49</value></detail></details></result></detection>
</result>
<result id="2"><name>Old</name><host>192.0.2.7</host><port>general/tcp</port>
<nvt oid="2"><name>Kernel</name><cve>CVE-2099-10001, CVE-2099-10002</cve>
<tags>cvss_base_vector=AV:L/AC:L/Au:N/C:C/I:C/A:C</tags></nvt>
<severity>7.2</severity><qod><value>30</value></qod></result>
<result id="3"><name>Log</name><host>192.0.2.7</host><port>general/tcp</port><nvt oid="3"/>
<severity>0.0</severity></result>
<result id="4"><host>nowhere</host><port>22/tcp</port><nvt oid="4"><name>x</name></nvt><severity>5</severity></result>
</results>
<host><ip>192.0.2.7</ip>
<detail><name>best_os_cpe</name><value>cpe:/o:debian:debian_linux:12</value></detail>
<detail><name>best_os_txt</name><value>Debian 12</value></detail>
<detail><name>App</name><value>cpe:/a:openbsd:openssh:9.2</value></detail>
<detail><name>cpe:/a:openbsd:openssh:9.2</name><value>22/tcp</value></detail>
</host>
</report></report>
"""
HOST = "host:192.0.2.7"
WWW = "unidentified service on 192.0.2.7 tcp 443"
SOFTWARE = "software:unidentified software on 192.0.2.7"
FACTS = {
    f"identifier({HOST}, ip, 192.0.2.7)",
    f"identifier({HOST}, fqdn, web01.bank.example)",
    f"service({HOST}, software:{WWW}, tcp, 443, account:{WWW} on 192.0.2.7)",
    "identifier(software:http_server 2.4.49, cpe, cpe:/a:apache:http_server:2.4.49)",
    f"service({HOST}, software:http_server 2.4.49, tcp, 443, account:http_server 2.4.49 on 192.0.2.7)",
    f"vulnerable({HOST}, software:http_server 2.4.49, vulnerability:CVE-2021-41773)",
    "grants(vulnerability:CVE-2021-41773, remote, code)",
    "exploit(vulnerability:CVE-2021-41773, 3)",
    f"installed({HOST}, {SOFTWARE})",
    f"vulnerable({HOST}, {SOFTWARE}, vulnerability:2 Kernel)",
    f"vulnerable({HOST}, {SOFTWARE}, vulnerability:CVE-2099-10001)",
    f"vulnerable({HOST}, {SOFTWARE}, vulnerability:CVE-2099-10002)",
    "grants(vulnerability:2 Kernel, local, root)",
    "exploit(vulnerability:2 Kernel, 6)",
    f"installed({HOST}, software:Debian 12)",
    f"system({HOST}, software:Debian 12)",
    "identifier(software:Debian 12, cpe, cpe:/o:debian:debian_linux:12)",
    "identifier(software:openssh 9.2, cpe, cpe:/a:openbsd:openssh:9.2)",
    f"installed({HOST}, software:openssh 9.2)",
    f"service({HOST}, software:openssh 9.2, tcp, 22, account:openssh 9.2 on 192.0.2.7)",
}


def report(folder: Path, text: str = REPORT) -> Path:
    (folder / "scan.xml").write_text(text)
    return folder / "scan.xml"


def test_results_ports_and_hosts_are_facts(tmp_path: Path) -> None:
    found = read([report(tmp_path)])
    assert found.told == FACTS
    assert found.readings[0].reader == "openvas"
    assert [place for place, _ in found.broken] == [22]
    unsure = next(f for f in found.facts if str(f) == f"vulnerable({HOST}, {SOFTWARE}, vulnerability:2 Kernel)")
    assert unsure.confidence.word == "inferred"


def test_the_answer_of_the_management_protocol_is_read_too(tmp_path: Path) -> None:
    assert read([report(tmp_path, f"<get_reports_response>{REPORT}</get_reports_response>")]).told == FACTS


@pytest.mark.parametrize("text", ["<report><results/>" + "<report>" * 200, "<report>", "<results/>"])
def test_hostile_files_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        read([report(tmp_path, text)], reader="openvas")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(REPORT)), st.binary(max_size=8), st.integers(0, 60))
def test_any_change_is_read_or_refused(tmp_path: Path, at: int, new: bytes, cut: int) -> None:
    content = REPORT.encode()
    survives(tmp_path / "scan.xml", content[:at] + new + content[at + cut :], "openvas")
