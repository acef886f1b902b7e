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
    text = BRANCH + "allow(zone:lan, zone:lan, tcp, 1, 65535)\nholds(host:web, data:pages)\n"
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
