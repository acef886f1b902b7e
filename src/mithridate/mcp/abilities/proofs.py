"""Bundles, replayed."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import cast

from mithridate.mcp.catalogue import OneProof
from mithridate.mcp.shapes import Answer
from mithridate.mcp.work import Work
from mithridate.model.errors import MithridateError, PolicyRefusal, UsageError
from mithridate.model.run import StageStarted
from mithridate.policy.scope import parse
from mithridate.prove import keys
from mithridate.prove.bundle import Bundle, read_bundle
from mithridate.stages.repair import finding_of
from mithridate.stages.verification import verify


def prove(asked: OneProof, work: Work) -> Answer:
    """Yes or no, with the rate."""
    if (asked.bundle is None) == (asked.run is None) or (asked.run is None) != (asked.finding is None):
        raise UsageError("give either bundle, or run and finding")
    source, source_scope = None, None
    if asked.source is not None:
        source = work.confinement.existing(asked.source)
        source_scope = work.scope_of(source)
    place, bundle = _of_finding(asked, work) if asked.bundle is None else _of_others(asked.bundle, work)
    work.observer(StageStarted(stage="prove", detail=place.name))
    verdict = verify(
        bundle,
        place,
        work.stores,
        source,
        work.settings.sandbox,
        asked.replays,
        work.observer,
        work.allowance,
        source_scope=source_scope,
        scratch=Path(tempfile.gettempdir()),
    )
    return {"bundle": place.name, **cast(Answer, asdict(verdict))}


def _of_finding(asked: OneProof, work: Work) -> tuple[Path, Bundle]:
    record = work.run(asked.run or "")
    proofs = finding_of(work.stores.runs.report(record.id), asked.finding or "").proofs
    if asked.number >= len(proofs):
        raise UsageError(f"{asked.finding} has {len(proofs)} proofs, counted from 0")
    place = work.stores.home.run(record.id) / proofs[asked.number].bundle
    return place, read_bundle(place)


def _of_others(name: str, work: Work) -> tuple[Path, Bundle]:
    """A file that anybody may have put there, with a scope that its maker wrote into it: only of signers that are trusted. Read
    once: what is replayed is what was looked at."""
    place = work.confinement.existing(name)
    bundle = read_bundle(place)
    signer = keys.fingerprint(bundle.signer)
    own = keys.fingerprint(keys.public_bytes(keys.load_or_create(work.settings.home)))
    if signer not in (own, *work.settings.signers):
        raise PolicyRefusal(
            f"the bundle is signed by {signer}, which this server does not trust", hint=f"start it with --signer {signer}"
        )
    scope = parse(bundle.manifest.provenance.scope, place)
    scope.require_valid()
    try:
        work.require_shown(scope)
    except PolicyRefusal as refusal:
        try:
            work.scope_of_file(place)
        except MithridateError:
            raise refusal from None
    return place, bundle
