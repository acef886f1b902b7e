"""CSV that people have: tables whose header says what the columns are.

| file | columns (those in brackets may be missing) |
|---|---|
| hosts.csv | host, [zones], [addresses], [names], [system], [software], [opens_content], [holds], [sboms], [tags] |
| services.csv | host, software, port, [protocol], [account] |
| vulnerabilities.csv | host, software, id, [how], [gives], [cost] |
| allows.csv | from, to, [protocol], [ports] |
| zones.csv | zone, [addresses], [part_of], [tags] |

Several values of a column of plural form are parted by ";". A file may be called after its place, too: hosts-berlin.csv.
"""

import csv
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mithridate.estate.readers.interface import LONGEST_NAME, Sink
from mithridate.estate.readers.scanned import HIGHEST_PORT, checked_port
from mithridate.model.errors import UsageError

_COST = 3
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?\Z")
_KIND = re.compile(r"[a-z][a-z-]*:")
_ALSO = {"zone": "zones", "ip": "addresses", "address": "addresses", "name": "names", "os": "system", "tag": "tags"}
Row = Mapping[str, str]


class CsvTables:
    """See the module."""

    name = "table"
    title = "CSV with a header, of hosts, services, vulnerabilities, allows or zones"

    def recognises(self, path: Path, head: bytes) -> bool:
        """By its name."""
        return path.suffix.lower() == ".csv" and _table(path) in _TABLES and b"\0" not in head

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError when the name is no such table's, a column is missing, or it is not UTF-8 text."""
        name = _table(path)
        if name not in _TABLES:
            raise UsageError(f"{path.name} is called after no table", hint=f"there are: {', '.join(_TABLES)}")
        wanted, optional, states = _TABLES[name]
        for place, row in _rows(path, name, wanted, (*wanted, *optional), sink):
            with sink.tolerate(place):
                states(row, sink, place)
                sink.record()


def _table(path: Path) -> str:
    return path.stem.lower().partition("-")[0]


def _rows(path: Path, name: str, wanted: tuple[str, ...], known: tuple[str, ...], sink: Sink) -> Iterator[tuple[int, Row]]:
    """Each row by column, with its line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            header = [h.strip().lower() for h in next(lines, [])]
            header = [h if h in known else _ALSO.get(h, h) for h in header]
            for missing in (w for w in wanted if w not in header):
                raise UsageError(f"{path} has no column {missing}", hint=f"{name}.csv has: {', '.join(known)}")
            for column in header:
                if column not in known:
                    sink.broken(1, f"{name}.csv has no column {column[:80]!r}")
            for cells in lines:
                if any(cells):
                    yield lines.line_num, {h: c.strip() for h, c in zip(header, cells, strict=False)}
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    except csv.Error as error:
        raise UsageError(f"{path} cannot be read as CSV: {error}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _host(row: Row, sink: Sink, place: int) -> None:
    host = _node("host", row["host"])
    for predicate, column, kind in (
        ("in_zone", "zones", "zone"),
        ("installed", "software", "software"),
        ("installed", "system", "software"),
        ("system", "system", "software"),
        ("opens_content", "opens_content", "account"),
        ("holds", "holds", "data"),
        ("deployed", "sboms", "sbom"),
    ):
        for value in _several(row, column):
            sink.fact(predicate, host, _node(kind, value), place=place)
    for value in _several(row, "addresses"):
        sink.fact("identifier", host, "ip", str(ipaddress.ip_address(value)), place=place)
    for value in _several(row, "names"):
        sink.fact("identifier", host, "fqdn" if "." in value else "hostname", value, place=place)
    for value in _several(row, "tags"):
        sink.fact("tag", host, value, place=place)


def _service(row: Row, sink: Sink, place: int) -> None:
    host, software = _node("host", row["host"]), _node("software", row["software"])
    account = row.get("account") or f"{row['software']} on {row['host']}"
    port = checked_port(int(row["port"]))
    sink.fact("service", host, software, row.get("protocol") or "tcp", port, _node("account", account), place=place)


def _vulnerability(row: Row, sink: Sink, place: int) -> None:
    flaw = _node("vulnerability", row["id"])
    cost = int(row.get("cost") or _COST)
    if cost < 0:
        raise ValueError("a cost is 0 or more")
    sink.fact("vulnerable", _node("host", row["host"]), _node("software", row["software"]), flaw, place=place)
    sink.fact("grants", flaw, row.get("how") or "remote", row.get("gives") or "code", place=place)
    sink.fact("exploit", flaw, cost, place=place)


def _allow(row: Row, sink: Sink, place: int) -> None:
    text = row.get("ports") or "any"
    found = _PORTS.match(text)
    if found is None and text != "any":
        raise ValueError(f"{text[:80]!r} is neither a port nor a range such as 80-90")
    low, high = (int(found[1]), int(found[2] or found[1])) if found else (1, HIGHEST_PORT)
    zones = _node("zone", row["from"]), _node("zone", row["to"])
    for zone in zones:
        sink.fact("zone", zone, place=place)
    sink.fact("allow", *zones, row.get("protocol") or "tcp", low, high, place=place)


def _zone(row: Row, sink: Sink, place: int) -> None:
    zone = _node("zone", row["zone"])
    sink.fact("zone", zone, place=place)
    for value in _several(row, "addresses"):
        sink.fact("range", zone, str(ipaddress.ip_network(value, strict=False)), place=place)
    for value in _several(row, "part_of"):
        sink.fact("within", zone, _node("zone", value), place=place)
    for value in _several(row, "tags"):
        sink.fact("tag", zone, value, place=place)


def _several(row: Row, column: str) -> list[str]:
    return [v.strip() for v in row.get(column, "").split(";") if v.strip()]


def _node(kind: str, name: str) -> str:
    if not 0 < len(name) <= LONGEST_NAME - 20:
        raise ValueError(f"a {kind} with a name of {len(name)} characters")
    return name if _KIND.match(name) else f"{kind}:{name}"


_TABLES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Row, Sink, int], None]]] = {
    "hosts": (
        ("host",),
        ("zones", "addresses", "names", "system", "software", "opens_content", "holds", "sboms", "tags"),
        _host,
    ),
    "services": (("host", "software", "port"), ("protocol", "account"), _service),
    "vulnerabilities": (("host", "software", "id"), ("how", "gives", "cost"), _vulnerability),
    "allows": (("from", "to"), ("protocol", "ports"), _allow),
    "zones": (("zone",), ("addresses", "part_of", "tags"), _zone),
}
