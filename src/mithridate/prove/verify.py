"""Replays a bundle after a clean rebuild and says yes or no (`mithridate prove BUNDLE`)."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.errors import MithridateError, UsageError
from mithridate.model.project import BuildFailure
from mithridate.prove import keys
from mithridate.prove.bundle import Bundle, slug
from mithridate.prove.manifest import Manifest, entry_point
from mithridate.prove.replay import Judgement, Replays
from mithridate.prove.source_archive import unpack

Rebuild = Callable[[Manifest, Path], Binary | BuildFailure]
"""Builds the manifest's component from a source tree, PLAIN, and gives the binary of its entry point."""


class Replaying(Protocol):
    """What replays a bundle's input: a Replayer for bytes, Witnesses for an input document."""

    def once(self, entry: EntryPoint, binary: Binary, data: Path | bytes) -> Judgement:
        """The judgement of one execution in a fresh sandbox."""
        ...

    def many(self, entry: EntryPoint, binary: Binary, data: Path | bytes, n: int, signature: str) -> Replays:
        """`n` replays in as many fresh sandboxes, and how many fired the violation with `signature`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer: `holds` only when it fired every time and no negative control did; `why` is one sentence for a person.

    `signer` is the fingerprint of the key that signed the bundle. `noisy_controls` are those that fired now but had not.
    """

    holds: bool
    fired: int
    replays: int
    why: str
    signer: str
    noisy_controls: tuple[str, ...] = ()


def verify_bundle(bundle: Bundle, rebuild: Rebuild, replayer: Replaying, replays: int, tree: Path | None = None) -> Verdict:
    """Rebuild from the bundle's source (or from `tree`, to ask whether a changed program still has the flaw) and replay.

    Raises UsageError when the bundle holds no source and no `tree` is given, or when the source does not build;
    MithridateError when our own tools broke while replaying: that is neither a yes nor a no.
    """
    if tree is not None:
        return _verify(bundle, rebuild, replayer, replays, tree)
    if bundle.source is None:
        raise UsageError(
            "The bundle holds no source, so nothing can be rebuilt from it.", "Give the source tree with --source PATH."
        )
    with tempfile.TemporaryDirectory(prefix="mithridate-source-") as folder:
        unpacked = Path(folder, "tree")
        unpack(bundle.source, unpacked)
        return _verify(bundle, rebuild, replayer, replays, unpacked)


def _verify(bundle: Bundle, rebuild: Rebuild, replayer: Replaying, replays: int, tree: Path) -> Verdict:
    manifest = bundle.manifest
    built = rebuild(manifest, tree)
    if isinstance(built, BuildFailure):
        raise UsageError(f"The bundle's program does not build here: {built.first_error}", built.hint)
    entry = replace(entry_point(manifest.entry), binaries=(built,))
    outcome = replayer.many(entry, built, bundle.input, replays, manifest.proof.signature)
    if outcome.failures:
        failure = outcome.failures[0]
        raise MithridateError(f"The replay itself failed, which says nothing about the proof: {failure.tool}: {failure.why}.")
    noisy = _noisy_controls(bundle, entry, built, replayer)
    return Verdict(
        holds=outcome.stable and not noisy,
        fired=outcome.fired,
        replays=replays,
        why=_why(outcome, noisy),
        signer=keys.fingerprint(bundle.signer),
        noisy_controls=noisy,
    )


def _noisy_controls(bundle: Bundle, entry: EntryPoint, binary: Binary, replayer: Replaying) -> tuple[str, ...]:
    silent = {slug(c.name): c.name for c in bundle.manifest.proof.controls if not c.fired}
    signature = bundle.manifest.proof.signature
    fired = {member: replayer.once(entry, binary, bundle.controls[member]) for member in sorted(silent)}
    return tuple(
        silent[member]
        for member, judgement in fired.items()
        if isinstance(judgement, tuple) and any(v.signature == signature for v in judgement)
    )


def _why(outcome: Replays, noisy: tuple[str, ...]) -> str:
    rate = f"{outcome.fired} of {outcome.replays}"
    if outcome.stable and not noisy:
        return f"The violation fired in {rate} replays in fresh sandboxes, and the negative controls stayed silent."
    if outcome.stable:
        return f"The violation fired in {rate} replays, but also on a negative control ({', '.join(noisy)})."
    if outcome.fired:
        return f"The violation fired in only {rate} replays."
    if outcome.others:
        return f"The stated violation fired in none of {outcome.replays} replays; a different one did."
    return f"The violation fired in none of {outcome.replays} replays."
