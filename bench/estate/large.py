"""Large estates as files: hosts in zones, services, flaws, and what firewalls allow. Scripted, from a seed, any size."""

from pathlib import Path

import duckdb

ZONE_HOSTS = 250
SERVICES = 3


def write(directory: Path, hosts: int, seed: int = 1) -> dict[str, Path]:
    """CSV files, one a predicate of the pack "network", with a header; a tenth of the zones may be reached from the internet.

    Zones form a tree of eight branches each: a zone may reach its branches and its parent on a few ports. One service in eight
    has a flaw that gives code. A thousand hosts (or a hundredth) are tagged crown-jewel.
    """
    directory.mkdir(parents=True, exist_ok=True)
    zones = max(2, hosts // ZONE_HOSTS)
    software = max(10, min(5000, hosts // 20))
    flaws = max(5, software // 4)
    step = max(1, hosts // min(1000, max(1, hosts // 100)))
    tables = {
        "zone": f"SELECT 'zone:internet' AS z UNION ALL SELECT 'zone:z' || i FROM range({zones}) t(i)",
        "in_zone": f"SELECT 'host:h' || i AS h, 'zone:z' || (draw(i, {seed}) % {zones}) AS z FROM range({hosts}) t(i)",
        "allow": f"""
            SELECT 'zone:internet' AS a, 'zone:z' || i AS b, 'tcp' AS p, 443 AS low, 443 AS high FROM range(0, {zones}, 10) t(i)
            UNION ALL SELECT 'zone:z' || i, 'zone:z' || (8 * i + 1 + j), 'tcp', 1 + 1000 * (j % 3), 9999
            FROM range({zones}) t(i), range(8) u(j) WHERE 8 * i + 1 + j < {zones}
            UNION ALL SELECT 'zone:z' || i, 'zone:z' || ((i - 1) // 8), 'tcp', 20 + (i % 5), 8443 FROM range(1, {zones}) t(i)
            UNION ALL SELECT 'zone:z' || i, 'zone:z' || i, 'tcp', 1, 65535 FROM range({zones}) t(i)""",
        "service": f"""
            SELECT 'host:h' || i AS h, 'software:s' || (draw(i * 3 + j, {seed}) % {software}) AS s, 'tcp' AS p,
            [443, 22, 8080, 5432, 3389, 80][1 + (draw(i * 3 + j, 7) % 6)::INTEGER] AS port,
            'account:' || ['root', 'www', 'app'][1 + j::INTEGER] || i AS a
            FROM range({hosts}) t(i), range({SERVICES}) u(j)""",
        "vulnerable": f"""
            SELECT 'host:h' || i AS h, 'software:s' || (draw(i * 3 + j, {seed}) % {software}) AS s,
            'vulnerability:v' || (draw(i * 3 + j, {seed}) % {software} % {flaws}) AS v
            FROM range({hosts}) t(i), range({SERVICES}) u(j) WHERE hash(i * 3 + j + 1000000007::BIGINT * 11) % 8 = 0""",
        "grants": f"SELECT 'vulnerability:v' || i AS v, 'remote' AS how, 'code' AS what FROM range({flaws}) t(i)",
        "exploit": f"SELECT 'vulnerability:v' || i AS v, 1 + (draw(i, 3) % 9)::INTEGER AS cost FROM range({flaws}) t(i)",
        "tag": f"SELECT 'host:h' || i AS h, 'crown-jewel' AS t FROM range(7, {hosts}, {step}) t(i)",
    }
    files = {}
    with duckdb.connect() as db:
        db.execute("CREATE MACRO draw(i, stream) AS hash(i + 1000000007::BIGINT * stream)")
        for name, query in tables.items():
            files[name] = directory / f"{name}.csv"
            db.execute(f"COPY ({query}) TO '{files[name]}' (HEADER, DELIMITER ',')")
    return files
