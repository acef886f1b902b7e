"""Network and host exploitation: what an attacker derives from a dozen facts, and what not."""

from mithridate.estate.rules.rulebase import own_pack
from tests.estate.small import derived, fired, packs

BRANCH = """
zone(zone:internet)
zone(zone:dmz)
zone(zone:lan)
in_zone(host:web, zone:dmz)
in_zone(host:db, zone:lan)
in_zone(host:desk, zone:lan)
allow(zone:internet, zone:dmz, tcp, 400, 500)
allow(zone:dmz, zone:lan, tcp, 5432, 5432)
service(host:web, software:nginx, tcp, 443, account:www)
service(host:web, software:sshd, tcp, 22, account:root)
service(host:db, software:postgres, tcp, 5432, account:pg)
vulnerable(host:web, software:nginx, vulnerability:V1)
grants(vulnerability:V1, remote, code)
exploit(vulnerability:V1, 3)
vulnerable(host:db, software:postgres, vulnerability:V2)
grants(vulnerability:V2, remote, read)
exploit(vulnerability:V2, 3)
holds(host:db, data:customers)
installed(host:web, software:sudo)
vulnerable(host:web, software:sudo, vulnerability:V3)
grants(vulnerability:V3, local, root)
exploit(vulnerability:V3, 1)
installed(host:desk, software:browser)
opens_content(host:desk, account:alice)
vulnerable(host:desk, software:browser, vulnerability:V4)
grants(vulnerability:V4, client, code)
exploit(vulnerability:V4, 6)
"""
MORE = """
within(zone:branch, zone:lan)
within(zone:dmz, zone:anywhere)
allow(zone:anywhere, zone:lan, tcp, 8000, 9000)
in_zone(host:printer, zone:branch)
service(host:printer, software:spooler, tcp, 8080, account:root)
filtered(host:printer)
accepts(host:printer, zone:dmz, tcp, 8080, 8080)
vulnerable(host:printer, software:spooler, vulnerability:V5)
grants(vulnerability:V5, remote, code)
exploit(vulnerability:V5, 1)
answers(host:camera, zone:branch, tcp, 80)
service(host:camera, software:httpd, tcp, 80, account:camera)
in_zone(host:camera, zone:cameras)
vulnerable(host:camera, software:httpd, vulnerability:V6)
grants(vulnerability:V6, remote, root)
exploit(vulnerability:V6, 1)
vulnerable(host:camera, software:viewer, vulnerability:V7)
grants(vulnerability:V7, local, read)
exploit(vulnerability:V7, 1)
holds(host:camera, data:films)
"""
RULES = packs(["network"])


def reached(text: str, *starts: str) -> set[str]:
    return {a for a in derived(RULES, text, *(starts or ("zone:internet",))) if a.startswith(("reached(", "code(", "reads("))}


def test_remote_client_and_local_flaws_chain() -> None:
    assert reached(BRANCH) == {
        "code(host:web, account:www)",
        "code(host:web, account:root)",
        "code(host:desk, account:alice)",
        "reads(data:customers)",
        "reached(host:web)",
        "reached(host:desk)",
        "reached(data:customers)",
    }


def test_every_rule_can_be_applied() -> None:
    text = BRANCH + MORE + "allow(zone:lan, zone:lan, tcp, 1, 65535)\nholds(host:web, data:pages)\n"
    names = {r.name for name in ("base", "network") for r in own_pack(name).rules}
    assert fired(RULES, text, "zone:internet", "host:web") >= names


def without(line: str) -> str:
    assert line in BRANCH
    return BRANCH.replace(line + "\n", "")


def test_a_missing_premise_gives_nothing() -> None:
    assert "reached(host:web)" not in reached(without("vulnerable(host:web, software:nginx, vulnerability:V1)"))
    assert "reads(data:customers)" not in reached(without("allow(zone:dmz, zone:lan, tcp, 5432, 5432)"))
    assert "code(host:web, account:root)" not in reached(without("grants(vulnerability:V3, local, root)"))
    assert "reached(host:desk)" not in reached(without("opens_content(host:desk, account:alice)"))


def test_a_port_outside_of_the_range_is_not_reached() -> None:
    assert "reached(host:web)" not in reached(BRANCH.replace("tcp, 400, 500", "tcp, 444, 500"))


def test_who_starts_inside_still_needs_a_way() -> None:
    assert "reads(data:customers)" not in reached(BRANCH, "zone:lan")
    assert "reads(data:customers)" in reached(BRANCH + "allow(zone:lan, zone:lan, tcp, 1, 65535)\n", "zone:lan")


def test_unknown_flaws_are_assumed_of_software_that_can_be_reached() -> None:
    rules = packs(["network", "unknown-flaws"])
    text = "\n".join(line for line in BRANCH.splitlines() if not line.startswith("vulnerable("))
    atoms = derived(rules, text, "zone:internet")
    assert {"reached(host:web)", "reached(host:db)", "reached(host:desk)", "reached(data:customers)"} <= atoms
    assert "code(host:web, account:root)" not in atoms  # nobody may connect to port 22


def test_zones_in_zones_filters_of_hosts_and_scans_lead_on() -> None:
    atoms = reached(BRANCH + MORE)
    assert {"code(host:printer, account:root)", "code(host:camera, account:camera)", "reached(data:films)"} <= atoms
    for line in MORE.split("\n"):
        if line.startswith(("within(", "allow(", "accepts(", "answers(")):
            assert "reached(host:camera)" not in reached(BRANCH + MORE.replace(line + "\n", "")), line


def test_a_host_that_filters_for_itself_is_not_reached_past_that() -> None:
    text = BRANCH + MORE.replace(
        "accepts(host:printer, zone:dmz, tcp, 8080, 8080)", "accepts(host:printer, zone:dmz, tcp, 1, 8079)"
    )
    assert "reached(host:printer)" not in reached(text)
    assert "reached(host:printer)" in reached(text.replace("filtered(host:printer)", ""))


def test_a_service_that_runs_as_root_gives_root() -> None:
    atoms = derived(RULES, BRANCH + MORE, "zone:internet")
    assert "rooted(host:printer)" in atoms
    assert "rooted(host:web)" in atoms  # by a local flaw
    assert "rooted(host:desk)" not in atoms


def test_denial_of_service_leads_nowhere() -> None:
    assert reached(BRANCH.replace("grants(vulnerability:V1, remote, code)", "grants(vulnerability:V1, remote, stop)")) == {
        "code(host:desk, account:alice)",
        "reached(host:desk)",
    }


def test_one_unknown_flaw_of_an_operating_system_counts_once() -> None:
    rules = packs(["network", "unknown-flaws"])
    text = "\n".join(line for line in BRANCH.splitlines() if "V3" not in line) + "\nsystem(host:web, software:os)\n"
    assert "rooted(host:web)" in derived(rules, text, "zone:internet")
    assert "rooted(host:web)" not in derived(rules, text.replace("system(host:web, software:os)", ""), "zone:internet")
    names = {r.name for r in own_pack("unknown-flaws").rules}
    assert fired(rules, text, "zone:internet") >= names
