"""Identifiers as they can be compared: what sources say, and what the names of nodes say by themselves."""

import ipaddress
from collections.abc import Callable, Mapping

import numpy as np

from mithridate.estate.facts import FactBase
from mithridate.estate.packages import normal, packages
from mithridate.estate.rules.terms import NUMBER, WORD
from mithridate.estate.tables import stage

TABLE = "identity_said"
"""node, kind, value, source, place (the last two NULL for what a name says by itself)."""
_ALSO_CALLED = {
    "dns": "fqdn",
    "dnshostname": "fqdn",
    "netbios": "hostname",
    "name": "name",
    "address": "ip",
    "ipv4": "ip",
    "ipv6": "ip",
    "objectid": "sid",
    "instance-id": "resource",
    "resource-id": "resource",
    "ghsa": "alias",
    "osv": "alias",
}
_HOST = """
    CASE WHEN regexp_full_match(rest, '[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*') THEN 'ip'
         WHEN regexp_matches(rest, 'S-1-[0-9-]+$') THEN 'sid'
         WHEN starts_with(rest, 'arn:') THEN 'arn'
         WHEN regexp_full_match(rest, '[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)+\\.?') THEN 'fqdn'
         ELSE 'hostname' END"""
_IMPLIED = {
    "host": _HOST,
    "account": """CASE WHEN regexp_matches(rest, 'S-1-[0-9-]+$') THEN 'sid' WHEN starts_with(rest, 'arn:') THEN 'arn'
         WHEN contains(rest, '@') THEN 'upn' ELSE 'name' END""",
    "group": "CASE WHEN regexp_matches(rest, 'S-1-[0-9-]+$') THEN 'sid' WHEN contains(rest, '@') THEN 'upn' ELSE 'name' END",
    "role": "CASE WHEN starts_with(rest, 'arn:') THEN 'arn' ELSE 'name' END",
    "software": """CASE WHEN starts_with(rest, 'pkg:') THEN 'purl' WHEN starts_with(rest, 'cpe:') THEN 'cpe' ELSE 'name' END""",
    "sbom": "'name'",
    "vulnerability": "CASE WHEN regexp_full_match(upper(rest), 'CVE-[0-9]+-[0-9]+') THEN 'cve' ELSE 'alias' END",
}
"""What the name of a node of a kind says by itself."""
_NORMAL = """
    CASE kind
        WHEN 'sid' THEN CASE WHEN regexp_matches(upper(value), 'S-1-(5-21|12-1)-|.-S-1-5-32-') THEN upper(value) END
        WHEN 'guid' THEN nullif(lower(trim(value, '{} ')), '00000000-0000-0000-0000-000000000000')
        WHEN 'fqdn' THEN nullif(lower(rtrim(value, '. ')), 'localhost.localdomain')
        WHEN 'hostname' THEN nullif(lower(trim(value)), 'localhost')
        WHEN 'upn' THEN lower(trim(value))
        WHEN 'name' THEN lower(trim(value))
        WHEN 'ip' THEN CASE WHEN contains(value, ':') THEN value
            WHEN regexp_matches(value, '^(127|169\\.254|0|22[4-9]|23[0-9])\\.') THEN NULL
            ELSE regexp_extract(value, '^\\s*([0-9]{1,3}(\\.[0-9]{1,3}){3})(/[0-9]+)?\\s*$', 1) END
        WHEN 'cve' THEN upper(trim(value))
        WHEN 'alias' THEN upper(trim(value))
        WHEN 'mac' THEN CASE WHEN length(hex) = 12 AND NOT regexp_matches(hex, '^(0{12}|f{12}|.[13579bdf])') THEN hex END
        ELSE value END"""


def gather(base: FactBase) -> None:
    """Make TABLE of all that is staged. Values that identify nothing (a loopback address, S-1-5-18) are left out."""
    base.flush()
    db = base.db
    db.execute(f"CREATE OR REPLACE TEMP TABLE {TABLE} (node VARCHAR, kind VARCHAR, value VARCHAR, source INTEGER, place BIGINT)")
    also = " ".join(f"WHEN '{given}' THEN '{kind}'" for given, kind in _ALSO_CALLED.items())
    db.execute(
        f'INSERT INTO {TABLE} SELECT a0, CASE lower(a1) {also} ELSE lower(a1) END, a2, source, place FROM "stage identifier"'
    )
    _imply(base)
    db.execute(f"UPDATE {TABLE} SET kind = 'hostname' WHERE kind = 'fqdn' AND NOT contains(rtrim(value, '.'), '.')")
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE {TABLE} AS SELECT node, "
        "CASE WHEN kind = 'mac' AND regexp_matches(hex, '^.[26ae]') THEN 'local-mac' ELSE kind END AS kind, "
        f"{_NORMAL} AS value, source, place "
        f"FROM (SELECT *, regexp_replace(lower(value), '[^0-9a-f]', '', 'g') AS hex FROM {TABLE})"
    )
    db.execute(f"DELETE FROM {TABLE} WHERE value IS NULL OR value = ''")
    for kind, change in _CHANGES.items():
        _change(base, kind, change)


def _imply(base: FactBase) -> None:
    columns = [
        f"SELECT DISTINCT a{i} AS node FROM {stage(p)}"
        for p in base.used()
        for i, kind in enumerate(p.types)
        if kind not in (NUMBER, WORD)
    ]
    if not columns:
        return
    every = " UNION ALL ".join(columns)
    cases = " ".join(f"WHEN '{kind}' THEN {says}" for kind, says in _IMPLIED.items())
    kinds = ", ".join(f"'{kind}'" for kind in _IMPLIED)
    base.db.execute(
        f"INSERT INTO {TABLE} SELECT DISTINCT node, CASE prefix {cases} END, rest, NULL, NULL FROM ("
        f"SELECT node, split_part(node, ':', 1) AS prefix, substr(node, strpos(node, ':') + 1) AS rest FROM ({every})"
        f") WHERE prefix IN ({kinds}) AND rest <> ''"
    )


def _change(base: FactBase, kind: str, change: Callable[[str], str]) -> None:
    """Write the values of a kind in their one normal form; what has none identifies nothing. All that need it have a colon."""
    only = " AND contains(value, ':')"
    values = [
        str(row[0]) for row in base.db.execute(f"SELECT DISTINCT value FROM {TABLE} WHERE kind = '{kind}'{only}").fetchall()
    ]
    made = [change(value) for value in values]
    if made == values:
        return
    changed = {"given": np.array(values, dtype=object), "made": np.array(made, dtype=object)}  # noqa: F841 - DuckDB finds it
    base.db.execute(f"UPDATE {TABLE} SET value = c.made FROM changed c WHERE kind = '{kind}' AND value = c.given")
    base.db.execute(f"DELETE FROM {TABLE} WHERE kind = '{kind}' AND value = ''")


def _address(value: str) -> str:
    """An address of IPv6 in its shortest form."""
    try:
        address = ipaddress.ip_address(value.split("/")[0].split("%")[0].strip())
    except ValueError:
        return ""
    if address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _purl(value: str) -> str:
    """With a version; without one it names no software in particular."""
    found = packages(value)
    return normal(value) if found and found[0].version else ""


def _cpe(value: str) -> str:
    found = packages(value)
    return f"{found[0].key}:{found[0].version}" if found and found[0].version else ""


_CHANGES: Mapping[str, Callable[[str], str]] = {"ip": _address, "purl": _purl, "cpe": _cpe}
