#!/usr/bin/env python3
"""Makes the estate of a bank, any size, from a seed. Synthetic: every name is made up, addresses are of documentation ranges.

    python examples/bank/make.py DIR [--branches N] [--seed N]

A DMZ with the web shop, a payment core, branches with desks and a printer each, contractors, and a jump host that administers
what it should not. The crown jewels are the payment database and the customer records. Writes estate.yaml (typed by hand), CSV
files (exports in bulk) and shop.cdx.json (the shop's bill of materials, which lists the example project "parcel").
"""

import argparse
import csv
import json
import random
from pathlib import Path

CORE = """estate: 1
zones:
  internet: {{tags: [outside]}}
  contractors: {{}}
  dmz:
    reaches:
      - {{zone: applications, protocol: tcp, ports: 8080}}
  applications:
    reaches:
      - {{zone: payment, protocol: tcp, ports: 5432}}
      - {{zone: management, protocol: tcp, ports: 22}}
  payment: {{}}
  management:
    reaches:
      - {{zone: payment, protocol: tcp, ports: 1-65535}}
      - {{zone: applications, protocol: tcp, ports: 1-65535}}
      - {{zone: dmz, protocol: tcp, ports: 22}}
hosts:
  shop01:
    zones: [dmz]
    addresses: [192.0.2.10]
    services: [{{software: shop 2.1, port: 443, account: shop}}]
    sboms: [shop.cdx.json]
  vpn01:
    zones: [dmz, management]
    addresses: [192.0.2.11]
    services: [{{software: tunnel 9.4, port: 4443, account: tunnel}}]
  orders01:
    zones: [applications]
    services: [{{software: orders 3.3, port: 8080, account: orders}}]
    vulnerabilities: [{{software: orders 3.3, id: EXAMPLE-0001, how: remote, gives: code, cost: 3}}]
    holds: [order book]
  payments-db:
    zones: [payment]
    tags: [crown-jewel]
    services: [{{software: ledgerdb 14.2, port: 5432, account: ledger}}]
    vulnerabilities: [{{software: ledgerdb 14.2, id: EXAMPLE-0002, how: remote, gives: code, cost: 6}}]
    holds: [customer records]
  jump01:
    zones: [management]
    services: [{{software: sshd 9.2, port: 22, account: operator}}]
    vulnerabilities: [{{software: sshd 9.2, id: EXAMPLE-0003, how: remote, gives: code, cost: 10}}]
data:
  customer records: {{tags: [crown-jewel]}}
  order book: {{}}
facts:
  - allow(zone:internet, zone:dmz, tcp, 443, 443)
  - allow(zone:internet, zone:dmz, tcp, 4443, 4443)
  - allow(zone:contractors, zone:applications, tcp, 8080, 8080)
  # {branches} branches follow in CSV files
"""
BILL = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {"component": {"type": "application", "name": "shop", "version": "2.1"}},
    "components": [
        {"type": "library", "name": "parcel", "version": "1.0", "purl": "pkg:generic/parcel@1.0"},
        {"type": "library", "name": "templates", "version": "5.2", "purl": "pkg:generic/templates@5.2"},
    ],
}
DESKS = 12
BROWSERS = ("browser 118", "browser 119", "browser 120")


def make(directory: Path, branches: int, seed: int) -> None:
    """Write the files."""
    chance = random.Random(seed)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "estate.yaml").write_text(CORE.format(branches=branches))
    (directory / "shop.cdx.json").write_text(json.dumps(BILL, indent=2) + "\n")
    names = ("zone", "in_zone", "allow", "service", "installed", "opens_content", "vulnerable", "grants", "exploit")
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in names}
    rows["grants"] = [("vulnerability:EXAMPLE-0100", "client", "code"), ("vulnerability:EXAMPLE-0101", "remote", "code")]
    rows["exploit"] = [("vulnerability:EXAMPLE-0100", 6), ("vulnerability:EXAMPLE-0101", 3)]
    for branch in range(1, branches + 1):
        zone = f"zone:branch-{branch:04}"
        rows["zone"].append((zone,))
        rows["allow"] += [(zone, zone, "tcp", 1, 65535), (zone, "zone:applications", "tcp", 8080, 8080)]
        printer = f"host:printer-{branch:04}"
        rows["in_zone"].append((printer, zone))
        rows["service"].append((printer, "software:printd 2.0", "tcp", 631, f"account:{printer[5:]} printd"))
        if chance.random() < 0.5:
            rows["vulnerable"].append((printer, "software:printd 2.0", "vulnerability:EXAMPLE-0101"))
        for desk in range(1, DESKS + 1):
            host, browser = f"host:desk-{branch:04}-{desk:02}", f"software:{chance.choice(BROWSERS)}"
            rows["in_zone"].append((host, zone))
            rows["installed"].append((host, browser))
            rows["opens_content"].append((host, f"account:clerk-{branch:04}-{desk:02}"))
            if browser.endswith("118"):
                rows["vulnerable"].append((host, browser, "vulnerability:EXAMPLE-0100"))
    for name, lines in rows.items():
        with (directory / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([f"argument {i}" for i in range(1, len(lines[0]) + 1)])
            writer.writerows(lines)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--branches", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    make(given.directory, given.branches, given.seed)


if __name__ == "__main__":
    main()
