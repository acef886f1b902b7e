"""Probes record what is there, and change nothing: neither what the program says nor whether its files compile."""

from mithridate.repair.c.scope import structures
from mithridate.repair.interface import Probed
from mithridate.repair.learning.instrument import instrumented
from mithridate.repair.learning.places import Role, places
from mithridate.repair.learning.records import read
from mithridate.repair.learning.sight import watched
from tests.repair.learning import programs
from tests.repair.learning.conftest import Plant


def test_an_instrumented_program_says_what_the_original_says_and_its_states_are_those_of_the_source(planted: Plant) -> None:
    flaw = planted({"planted.c": programs.BITS}, programs.BITS_PROOF, programs.BITS_GOOD)
    bench, (entry_id,) = flaw.workshop, flaw.subject.benign
    chosen = places(flaw.subject.project.tree, flaw.subject.violation)
    values = [watched(p.source, p.function, p.at, structures(p.source), {}) for p in chosen]
    assert any(value.name == "header.kind" for value in values[0])
    probes = instrumented(bench, chosen, values)
    assert probes is not None
    assert not any(value.name == "header.kind" for value in probes.values[0]), "a bit field has no address"

    good = list(programs.BITS_GOOD)
    assert bench.outputs(probes.variant, entry_id, good) == bench.outputs(bench.original, entry_id, good)

    (seen,) = bench.probe(probes.variant, entry_id, [programs.BITS_PROOF])
    assert isinstance(seen, Probed) and seen.violations[0].kind is flaw.subject.violation.kind
    names = [[value.name for value in of_place] for of_place in probes.values]
    recorded = read(seen.records, probes.layout, names)
    fault = recorded[next(i for i, place in enumerate(chosen) if place.role is Role.FAULT)]
    (state,) = fault.states
    assert state["length"] == programs.BITS_PROOF[2]
    assert (state["copy#before"], state["copy#after"]) == (0, 40)
    assert fault.kinds["length"].signed and fault.kinds["size"].bits == 64
    assert all(not one.states for one in read(seen.records[:5], probes.layout, names)), "a file cut short holds no states"
