"""How fast directories are read: edges a second and the peak memory, for a generated SharpHound archive and OpenGraph file.

    python bench/estate/directory_speed.py --edges 2000000

Three edges in four are access control entries and members of large groups, as in real exports.
"""

import argparse
import json
import random
import resource
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mithridate.estate.facts import FactBase
from mithridate.estate.readers.registry import read
from mithridate.estate.rules.rulebase import own_pack, rulebase

DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"
RIGHTS = ("GenericAll", "GenericWrite", "WriteDacl", "AllExtendedRights", "AddMember")


def groups(edges: int) -> Iterator[str]:
    """Records of groups, with half of their edges members and half access control entries."""
    drawn = random.Random(1)
    for number in range(edges // 200):
        members = [{"ObjectIdentifier": f"{DOMAIN}-{drawn.randrange(10**6)}", "ObjectType": "User"} for _ in range(100)]
        entries = [
            {
                "PrincipalSID": f"{DOMAIN}-{drawn.randrange(10**6)}",
                "PrincipalType": "Group",
                "RightName": drawn.choice(RIGHTS),
                "IsInherited": False,
            }
            for _ in range(100)
        ]
        properties = {"domainsid": DOMAIN, "name": f"GROUP{number}@CORP.EXAMPLE", "highvalue": False, "description": None}
        record = {"Members": members, "Aces": entries, "ObjectIdentifier": f"{DOMAIN}-{2 * 10**6 + number}"}
        yield json.dumps({"Properties": properties, **record})


def opengraph(edges: int) -> Iterator[str]:
    """Edges between users."""
    drawn = random.Random(2)
    for _ in range(edges):
        ends = [{"value": f"{DOMAIN}-{drawn.randrange(10**6)}", "match_by": "id", "kind": "User"} for _ in range(2)]
        yield json.dumps({"kind": drawn.choice(RIGHTS), "start": ends[0], "end": ends[1], "properties": {}})


def _written(file: IO[bytes], before: str, records: Iterator[str], after: str) -> None:
    file.write(before.encode())
    for number, record in enumerate(records):
        file.write((("," if number else "") + record).encode())
    file.write(after.encode())


def measure(path: Path) -> None:
    """Read and freeze, and print what it took."""
    base = FactBase(rulebase([own_pack("base"), own_pack("directory")]), threads=2)
    start, worked = time.monotonic(), time.process_time()
    reading = read(path, base)
    seconds, work = time.monotonic() - start, time.process_time() - worked
    base.freeze()
    frozen = time.process_time() - worked - work
    edges = base.facts("edge")
    base.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{path.name}: {path.stat().st_size / 1e6:.0f} MB, {edges:,} edges; read in {seconds:.1f} s, {work:.1f} s of a core "
        f"({edges / work:,.0f} edges a second of a core); freeze {frozen:.1f} s of cores, peak {memory} MiB, "
        f"{reading.passed_over} passed over"
    )


def main() -> None:
    """Write both files, and read them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=1_000_000)
    edges = parser.parse_args().edges
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "export.zip"
        with (
            zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
            made.open("2026_groups.json", "w", force_zip64=True) as file,
        ):
            _written(file, '{"data":[', groups(edges), '],"meta":{"methods":0,"type":"groups","count":0,"version":6}}')
        measure(archive)
        graph = Path(folder) / "graph.json"
        with graph.open("wb") as file:
            _written(file, '{"graph":{"nodes":[],"edges":[', opengraph(edges), "]}}")
        measure(graph)


if __name__ == "__main__":
    main()
