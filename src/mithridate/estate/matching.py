"""Facts that follow from several files together, made before names become numbers.

- What a host's bill of materials lists is installed on the host.
- A flaw that was proved in a component is a vulnerability of every host whose bill of materials lists a component of that name,
  and of the software that the bill describes: who reaches it reaches the component.

Each is said twice: where the bill of materials says it, and where the flaw is told.
"""

from mithridate.estate.facts import FactBase
from mithridate.model.estate import Confidence

PATCHED = ("validated", "approved")
"""What a patch must be for `patched` to take its flaw as gone."""
_NEEDED = ("deployed", "describes", "component", "named", "finding", "patch_of", "vulnerable", "installed")


def match(base: FactBase, *, patched: bool = False) -> tuple[str, ...]:
    """Add the facts; with `patched`, flaws whose patch is validated are taken as gone. Returns the flaws that are gone."""
    if not all(base.knows(name) for name in _NEEDED):
        return ()
    base.flush()
    db = base.db
    said = int(Confidence.INFERRED)
    listed = '(SELECT a0, a1, source, place FROM "stage component" UNION ALL SELECT a0, a1, source, place FROM "stage describes")'
    db.execute(
        f'INSERT INTO "stage installed" SELECT DISTINCT d.a0, c.a1, c.source, c.place, {said} '
        f'FROM "stage deployed" d JOIN {listed} c ON c.a0 = d.a1'
    )
    statuses = ", ".join(f"'{s}'" for s in PATCHED)
    gone = f'f.a0 IN (SELECT a0 FROM "stage patch_of" WHERE a1 IN ({statuses}))' if patched else "false"
    for source in ("f.source, f.place", "c.source, c.place"):
        found = f"""
            FROM "stage finding" f
            JOIN "stage named" n ON n.a1 = f.a1
            JOIN {listed} c ON c.a1 = n.a0
            JOIN "stage deployed" d ON d.a1 = c.a0
            LEFT JOIN "stage describes" m ON m.a0 = c.a0
            WHERE NOT {gone}"""
        db.execute(f'INSERT INTO "stage vulnerable" SELECT DISTINCT d.a0, c.a1, f.a0, {source}, {said} {found}')
        db.execute(
            f'INSERT INTO "stage vulnerable" SELECT DISTINCT d.a0, m.a1, f.a0, {source}, {said} {found} AND m.a1 IS NOT NULL'
        )
    if not patched:
        return ()
    rows = db.execute(f'SELECT DISTINCT f.a0 FROM "stage finding" f WHERE {gone} ORDER BY 1').fetchall()
    return tuple(str(row[0]) for row in rows)
