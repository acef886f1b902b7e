from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.prove import records
from tests.prove.conftest import build

from mithridate.model.entry import Binary
from mithridate.model.errors import MithridateError, UsageError
from mithridate.model.finding import Control, ControlTier, NegativeControl
from mithridate.model.project import BuildFailure, Flavour
from mithridate.prove.bundle import Bundle, read_bundle, write_bundle
from mithridate.prove.keys import fingerprint, public_bytes
from mithridate.prove.manifest import Manifest
from mithridate.prove.replay import Replayer
from mithridate.prove.source_archive import pack
from mithridate.prove.verify import Verdict, verify_bundle

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def bundle(target, replayer: Replayer, tmp_path: Path) -> Bundle:
    seen = replayer.observe(target.entry, target.binary, b"f")
    found = records.proof(
        seen.violations[0],
        entry_id=target.entry.id,
        controls=(NegativeControl(name="benign input", blob="", size=1, fired=False),),
        control=Control(tier=ControlTier.UNCONTROLLED_READ, evidence=(), perturbations=0),
        report=seen.report,
    )
    tree = target.binary.directory / "src"
    provenance = records.provenance()
    named = write_bundle(tmp_path, "M-1", 1, found, target.entry, provenance, b"f", {"benign input": b"-"}, pack(tree), KEY)
    return read_bundle(tmp_path / named.bundle)


class Rebuild:
    """Compiles poisons.c from the given tree, as the C language would."""

    def __init__(self, home: Path, *flags: str) -> None:
        self.home, self.flags = home, flags

    def __call__(self, manifest: Manifest, tree: Path) -> Binary:
        return build(self.home, *self.flags, source=tree / "poisons.c")


def test_a_bundle_holds_after_a_rebuild_from_its_own_source(bundle: Bundle, replayer: Replayer, tmp_path: Path) -> None:
    verdict = verify_bundle(bundle, Rebuild(tmp_path / "again"), replayer, 3)
    assert verdict == Verdict(
        holds=True,
        fired=3,
        replays=3,
        why="The violation fired in 3 of 3 replays in fresh sandboxes, and the negative controls stayed silent.",
        signer=fingerprint(public_bytes(KEY)),
    )


def test_a_fixed_program_refutes_the_bundle(bundle: Bundle, replayer: Replayer, tmp_path: Path) -> None:
    verdict = verify_bundle(bundle, Rebuild(tmp_path / "fixed", "-DFIXED"), replayer, 3)
    assert (verdict.holds, verdict.fired) == (False, 0)
    assert "none of 3" in verdict.why


def test_another_flaw_does_not_confirm_the_bundle(bundle: Bundle, replayer: Replayer, tmp_path: Path) -> None:
    verdict = verify_bundle(replace(bundle, input=b"w\x18"), Rebuild(tmp_path / "again"), replayer, 2)
    assert (verdict.holds, verdict.fired) == (False, 0)
    assert "a different one did" in verdict.why


def test_a_negative_control_that_fires_now_refutes_the_bundle(bundle: Bundle, replayer: Replayer, tmp_path: Path) -> None:
    verdict = verify_bundle(replace(bundle, controls={"benign-input": b"f"}), Rebuild(tmp_path / "again"), replayer, 2)
    assert (verdict.holds, verdict.noisy_controls) == (False, ("benign input",))


def test_a_bundle_without_source_needs_a_tree(bundle: Bundle, replayer: Replayer, target, tmp_path: Path) -> None:
    bare = replace(bundle, source=None)
    with pytest.raises(UsageError, match="holds no source"):
        verify_bundle(bare, Rebuild(tmp_path / "a"), replayer, 1)
    assert verify_bundle(bare, Rebuild(tmp_path / "b"), replayer, 1, tree=target.binary.directory / "src").holds


def test_source_that_does_not_build_is_no_verdict(bundle: Bundle, replayer: Replayer) -> None:
    def fails(manifest: Manifest, tree: Path) -> BuildFailure:
        return BuildFailure(
            component=manifest.provenance.component, flavour=Flavour.PLAIN, step="make", first_error="no rule", hint="", log=""
        )

    with pytest.raises(UsageError, match="does not build here: no rule"):
        verify_bundle(bundle, fails, replayer, 1)


def test_a_broken_tool_is_neither_a_yes_nor_a_no(bundle: Bundle, replayer: Replayer, tmp_path: Path) -> None:
    class Unstartable(Rebuild):
        def __call__(self, manifest: Manifest, tree: Path) -> Binary:
            built = super().__call__(manifest, tree)
            script = "#!/bin/sh\necho 'poisons: error while loading shared libraries: libgone.so: cannot open' >&2\nexit 127\n"
            (built.directory / built.path.lstrip("/")).write_text(script)
            return built

    with pytest.raises(MithridateError, match="says nothing about the proof"):
        verify_bundle(bundle, Unstartable(tmp_path / "again"), replayer, 2)
