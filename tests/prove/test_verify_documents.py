"""A bundle of an input document is replayed like any other."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.prove.model_observer import A, ModelSandbox, Z, candidate, command, document, entry, judge, violation
from tests.prove.records import provenance

from mithridate.model.errors import MithridateError
from mithridate.model.execution import Limits
from mithridate.model.finding import Proof
from mithridate.prove.bundle import Bundle, read_bundle, write_bundle
from mithridate.prove.keys import load_or_create
from mithridate.prove.prove_documents import Claim, DocumentOptions, DocumentProver
from mithridate.prove.verify import Verdict, verify_bundle
from mithridate.prove.witness import Witnesses


@pytest.fixture
def sandbox() -> ModelSandbox:
    return ModelSandbox()


@pytest.fixture
def witnesses(sandbox: ModelSandbox) -> Witnesses:
    return Witnesses(sandbox, Limits(), 1, command, judge)


@pytest.fixture
def bundle(witnesses: Witnesses, tmp_path: Path) -> Bundle:
    blobs: dict[str, bytes] = {}

    def put(data: bytes) -> str:
        blobs[f"{len(blobs):064x}"] = data
        return f"{len(blobs) - 1:064x}"

    claim = Claim(candidate=candidate(), data=document("/find", f"{A}x' OR '1{Z}"), violation=violation())
    (proof,) = DocumentProver(witnesses, put, DocumentOptions(replays=3)).prove_all(entry(), [claim])
    assert isinstance(proof, Proof)
    controls = {c.name: blobs[c.blob] for c in proof.controls}
    key = load_or_create(tmp_path)
    named = write_bundle(tmp_path, "M-1", 1, proof, entry(), provenance(), blobs[proof.blob], controls, None, key)
    return read_bundle(tmp_path / named.bundle)


def verify(bundle: Bundle, witnesses: Witnesses, tmp_path: Path) -> Verdict:
    return verify_bundle(bundle, lambda manifest, tree: entry().binaries[0], witnesses, 3, tmp_path)


def test_a_bundle_of_a_document_holds(bundle: Bundle, witnesses: Witnesses, tmp_path: Path) -> None:
    assert set(bundle.controls) == {"harmless-twin", "empty-input", "near-miss"}
    assert bundle.manifest.proof.through == "`POST /find`"
    verdict = verify(bundle, witnesses, tmp_path)
    assert (verdict.holds, verdict.fired, verdict.replays) == (True, 3, 3)


def test_a_twin_that_fires_now_refutes_it(bundle: Bundle, witnesses: Witnesses, tmp_path: Path) -> None:
    evil = replace(bundle, controls={**bundle.controls, "harmless-twin": bundle.input})
    verdict = verify(evil, witnesses, tmp_path)
    assert (verdict.holds, verdict.noisy_controls) == (False, ("harmless twin",))


def test_what_fires_now_and_then_is_no_proof(bundle: Bundle, witnesses: Witnesses, tmp_path: Path) -> None:
    coin = replace(bundle, input=document("/coin", f"{A}x' OR '1{Z}"))
    verdict = verify_bundle(coin, lambda manifest, tree: entry().binaries[0], witnesses, 4, tmp_path)
    assert 0 < verdict.fired < verdict.replays == 4
    assert not verdict.holds and verdict.why == f"The violation fired in only {verdict.fired} of 4 replays."


def test_a_control_counts_when_it_shows_the_same_and_was_silent(bundle: Bundle, witnesses: Witnesses, tmp_path: Path) -> None:
    other = replace(bundle, controls={**bundle.controls, "near-miss": document("/find0", f"{A}x' OR '1{Z}")})
    assert verify(other, witnesses, tmp_path).holds, "another flaw says nothing about this one"
    proof = bundle.manifest.proof
    loud = tuple(replace(control, fired=control.name == "empty input") for control in proof.controls)
    known = replace(
        bundle,
        manifest=replace(bundle.manifest, proof=replace(proof, controls=loud)),
        controls={**bundle.controls, "empty-input": bundle.input},
    )
    assert verify(known, witnesses, tmp_path).noisy_controls == (), "it fired when the bundle was made"


def test_another_document_does_not_confirm_it(bundle: Bundle, witnesses: Witnesses, tmp_path: Path) -> None:
    assert not verify(replace(bundle, input=document("/find", f"{A}x{Z}")), witnesses, tmp_path).holds


def test_a_door_that_does_not_open_is_no_verdict(
    bundle: Bundle, witnesses: Witnesses, sandbox: ModelSandbox, tmp_path: Path
) -> None:
    sandbox.opens = False
    with pytest.raises(MithridateError, match="says nothing about the proof"):
        verify(bundle, witnesses, tmp_path)
