import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.prove import records
from tests.prove.hostile_bundles import HOSTILE, members_of

from mithridate.model.errors import UsageError
from mithridate.model.finding import ShadowPatch
from mithridate.prove import keys
from mithridate.prove.bundle import Bundle, read_bundle, write_bundle

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
CONTROLS = {"empty input": b"", "benign input": b"harmless"}


def write(directory: Path, **changes) -> Path:
    given = {"proof": records.proof(), "entry": records.entry(), "data": b"mBOOM", "controls": CONTROLS, "source": b"packed"}
    given |= changes
    named = write_bundle(directory, "M-1", 1, provenance=records.provenance(), key=KEY, **given)
    assert named.bundle == "M-1-1.proof"
    return directory / named.bundle


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    bundle = read_bundle(write(tmp_path))
    assert isinstance(bundle, Bundle)
    assert bundle.input == b"mBOOM"
    assert bundle.controls == {"empty-input": b"", "benign-input": b"harmless"}
    assert bundle.source == b"packed"
    assert bundle.manifest.proof == records.proof(bundle="M-1-1.proof")
    assert bundle.manifest.provenance == records.provenance()
    assert bundle.manifest.entry.program == "/build/demo"
    assert bundle.signer == keys.public_bytes(KEY)


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a").read_bytes() == write(tmp_path / "b").read_bytes()


def test_a_bundle_names_no_path_of_the_machine_that_made_it(tmp_path: Path) -> None:
    assert b"/somewhere/private" not in write(tmp_path).read_bytes()


def test_names_that_are_no_text_survive_visibly(tmp_path: Path) -> None:
    odd = records.violation(frames=(records.frame("f", 1, "/src/\udcff.c"),))
    bundle = read_bundle(write(tmp_path, proof=records.proof(odd)))
    assert bundle.manifest.proof.violation.frames[0].file == "/src/\\udcff.c"


def test_controls_other_than_the_proofs_are_refused_when_writing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not those of the proof"):
        write(tmp_path, controls={"empty input": b""})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    make, words = HOSTILE[name]
    path = tmp_path / "hostile.proof"
    path.write_bytes(make(write(tmp_path).read_bytes()))
    with pytest.raises(UsageError) as refusal:
        read_bundle(path)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_a_bundle_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path).read_bytes()
    path = tmp_path / "cut.proof"
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(UsageError):
            read_bundle(path)


def test_any_flipped_bit_in_a_member_is_noticed(tmp_path: Path) -> None:
    whole = write(tmp_path).read_bytes()
    path = tmp_path / "flipped.proof"
    for name, content in members_of(whole).items():
        at = whole.index(content) + len(content) // 2 if content else None
        if at is None or name == "manifest.sig":
            continue
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(UsageError):
            read_bundle(path)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(UsageError, match="no bundle"):
            read_bundle(path)


def test_the_manifest_is_plain_json_that_others_can_read(tmp_path: Path) -> None:
    manifest = json.loads(members_of(write(tmp_path).read_bytes())["manifest.json"])
    assert (manifest["format"], manifest["version"], manifest["finding"]) == ("mithridate-proof", 1, "M-1")
    assert manifest["entry"]["arguments"] == ["-x", "@@"]
    assert manifest["proof"]["violation"]["kind"] == "heap-buffer-overflow"


def test_a_bundle_carries_the_patch_that_its_proof_needs(tmp_path: Path) -> None:
    shadow = ShadowPatch(behind=("s1", "s2"), diff="--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n")
    path = write(tmp_path, proof=records.proof(shadow=shadow))
    bundle = read_bundle(path)
    assert bundle.manifest.proof.shadow == shadow
    assert bundle.manifest.version == 2, "a program that knows of no patches must not answer for it"
