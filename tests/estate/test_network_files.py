"""Scans, firewalls and a few typed lines together: who reaches what from the internet."""

from pathlib import Path

import numpy as np

from mithridate.estate.facts import FactBase
from mithridate.estate.ground import ground
from mithridate.estate.readers import registry
from mithridate.estate.solver import Solver
from mithridate.estate.zoning import zone
from tests.estate.small import packs

RULES = packs(["network"])
VECTOR = "<cvss3_vector>CVSS:3.1/AV:{0}/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H</cvss3_vector>"
REPORT = f"""<NessusClientData_v2><Report>
<ReportHost name="192.0.2.7"><ReportItem port="443" svc_name="www" protocol="tcp" severity="4" pluginID="1" pluginName="x">
<cve>CVE-2099-0001</cve>{VECTOR.format("N")}</ReportItem></ReportHost>
<ReportHost name="10.0.0.5"><ReportItem port="5432" svc_name="pg" protocol="tcp" severity="4" pluginID="2" pluginName="y">
<cve>CVE-2099-0002</cve>{VECTOR.format("N")}</ReportItem></ReportHost>
<ReportHost name="10.0.0.9"><ReportItem port="5432" svc_name="pg" protocol="tcp" severity="4" pluginID="2" pluginName="y">
<cve>CVE-2099-0002</cve>{VECTOR.format("N")}</ReportItem></ReportHost>
<ReportHost name="10.7.0.1"><ReportItem port="22" svc_name="ssh" protocol="tcp" severity="4" pluginID="3" pluginName="z">
<cve>CVE-2099-0003</cve>{VECTOR.format("N")}</ReportItem></ReportHost>
</Report></NessusClientData_v2>"""
FIREWALL = """*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -d 192.0.2.0/24 -p tcp --dport 443 -j ACCEPT
-A FORWARD -s 192.0.2.7 -d 10.0.0.5 -p tcp --dport 5432 -j ACCEPT
COMMIT
"""


def reached(folder: Path, files: dict[str, str], *starts: str) -> set[str]:
    with FactBase(RULES, memory_bytes=256 << 20, threads=1) as base:
        for name, text in files.items():
            (folder / name).write_text(text)
            registry.read(folder / name, base)
        zone(base)
        base.freeze()
        graph = ground(base, starts)
        solver = Solver(graph)
        told = graph.described(np.flatnonzero(np.isfinite(solver.solve(solver.starts(starts)).dist)))
        return {str(f.terms[0]) for f in told.values() if f.predicate == "reached"}


def test_from_the_internet_through_the_firewall_to_the_database_and_its_neighbour(tmp_path: Path) -> None:
    files = {"scan.nessus": REPORT, "fw.iptables": FIREWALL}
    # 10.0.0.9 is in the same /24 as 10.0.0.5; nobody lets anything through to 10.7.0.1.
    assert reached(tmp_path, files, "zone:internet") == {"host:192.0.2.7", "host:10.0.0.5", "host:10.0.0.9"}


def test_without_the_rule_to_the_database_it_ends_before(tmp_path: Path) -> None:
    files = {"scan.nessus": REPORT, "fw.iptables": FIREWALL.replace("-A FORWARD -s 192.0.2.7 -d 10.0.0.5", "# ")}
    assert reached(tmp_path, files, "zone:internet") == {"host:192.0.2.7"}


def test_zones_that_are_typed_take_the_place_of_subnets(tmp_path: Path) -> None:
    typed = "estate: 1\nzones:\n  db: {addresses: [10.0.0.5/32]}\n  rest: {addresses: [10.0.0.0/16]}\n"
    files = {"scan.nessus": REPORT, "fw.iptables": FIREWALL, "zones.yaml": typed}
    assert reached(tmp_path, files, "zone:internet") == {"host:192.0.2.7", "host:10.0.0.5"}


def test_a_scan_from_the_internet_shows_what_can_be_reached_from_there(tmp_path: Path) -> None:
    assert reached(tmp_path, {"scan.nessus": REPORT}, "zone:internet") == set()
    files = {"scan.from-internet.nessus": REPORT}
    assert reached(tmp_path, files, "zone:internet") == {f"host:{h}" for h in ("192.0.2.7", "10.0.0.5", "10.0.0.9", "10.7.0.1")}


def test_a_host_with_a_filter_of_its_own_is_reached_only_as_it_says(tmp_path: Path) -> None:
    own = "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 10.0.0.0/24 -p tcp --dport 5432 -j ACCEPT\nCOMMIT\n"
    files = {"scan.nessus": REPORT, "fw.iptables": FIREWALL, "10.0.0.5.iptables": own}
    assert reached(tmp_path, files, "zone:internet") == {"host:192.0.2.7"}
    assert reached(tmp_path, files, "zone:10.0.0.0/24") >= {"host:10.0.0.5"}
