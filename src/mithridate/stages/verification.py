"""`mithridate prove`: a bundle, rebuilt and replayed."""

import shutil
import tempfile
from pathlib import Path

from mithridate.languages.c.language import CLanguage
from mithridate.languages.python.language import PythonLanguage
from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.execution import Limits
from mithridate.model.finding import ShadowPatch
from mithridate.model.project import BuildFailure, Flavour, Project
from mithridate.model.run import Note, Observer
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.suite import Judge
from mithridate.policy.allowance import Allowance
from mithridate.policy.audit import AuditLog
from mithridate.policy.gate import Gate
from mithridate.policy.scope import Scope, parse
from mithridate.prove.bundle import Bundle
from mithridate.prove.manifest import Manifest, entry_point
from mithridate.prove.replay import REPLAY_LIMITS, Replayer
from mithridate.prove.verify import Verdict, verify_bundle
from mithridate.repair.diff import DiffError, apply
from mithridate.sandbox.unsafe_host import UnsafeHost
from mithridate.stages.session import Stores, witnesses
from mithridate.store.snapshot import take_snapshot


def require_real_sandbox(sandbox: str, entry: EntryPoint) -> None:
    """UsageError when a proof that calls functions or sends requests is to be replayed without a sandbox."""
    if sandbox == UnsafeHost.name and entry.observed:
        raise UsageError(
            "a proof that calls functions or sends requests is replayed in a real sandbox only: it may delete and write anything",
            hint="leave out --sandbox unsafe-host",
        )


def _patched(shadow: ShadowPatch | None, project: Project, folder: Path, observer: Observer, *, own: bool) -> Project:
    """The project with the patch that the bundle carries. UsageError when it does not fit the bundle's `own` source.

    Another tree that it does not fit is taken as it is: there the flaw in front may be mended in another way.
    """
    if shadow is None:
        return project
    changed = folder / "patched"
    shutil.copytree(project.tree, changed, symlinks=True)
    try:
        apply(shadow.diff, changed)
    except DiffError as error:
        if own:
            raise UsageError(f"The patch in the bundle does not fit its source: {error}.") from error
        observer(Note(text="the bundle's shadow patch does not fit this tree, which is taken as it is"))
        return project
    observer(Note(text="the bundle's shadow patch is applied: another flaw lies in front of this one"))
    return take_snapshot(changed, folder)[0]


def verify(
    bundle: Bundle,
    path: Path,
    stores: Stores,
    source: Path | None,
    sandbox_name: str,
    replays: int,
    observer: Observer,
    allowance: Allowance | None = None,
    *,
    source_scope: Scope | None = None,
    scratch: Path | None = None,
) -> Verdict:
    """Yes or no, with the rate, of the bundle that was read from `path`. The scope that it carries must still hold, and one for
    `source` must cover its content hash. `allowance` bounds all executions together; trees are copied to `scratch` (by default in
    the data directory)."""
    manifest = bundle.manifest
    scope = parse(manifest.provenance.scope, path)
    scope.require_valid()
    gate = Gate(scope, AuditLog(stores.home.root), allowance=allowance)
    sandbox = gate.sandbox(sandbox_name)
    sandbox.check()
    require_real_sandbox(sandbox.name, entry_point(manifest.entry))
    limits = Limits(
        wall_s=manifest.provenance.limits.get("wall_s", REPLAY_LIMITS.wall_s),
        cpu_s=manifest.provenance.limits.get("cpu_s", REPLAY_LIMITS.cpu_s),
        memory_bytes=int(manifest.provenance.limits.get("memory_bytes", 2 << 30)) + (512 << 20),
        processes=REPLAY_LIMITS.processes,
    )
    rss_mb = int(manifest.provenance.limits.get("memory_bytes", 2 << 30)) >> 20
    replayer = Replayer(sandbox, Judge(OracleOptions(rss_limit_mb=rss_mb)), limits)
    observed_door = entry_point(manifest.entry).observed
    language = PythonLanguage() if observed_door else CLanguage()

    def rebuild(given: Manifest, tree: Path) -> Binary | BuildFailure:
        observer(Note(text="rebuilding the program from its source"))
        with tempfile.TemporaryDirectory(prefix="mithridate-prove-", dir=scratch or stores.home.root) as folder:
            given_tree, _ = take_snapshot(tree, Path(folder))
            if source_scope is not None:
                source_scope.require_snapshot(given_tree.snapshot)
            project = _patched(given.proof.shadow, given_tree, Path(folder), observer, own=source is None)
            built = language.build(project, given.provenance.component, Flavour.PLAIN, sandbox, stores.home.builds)
            if isinstance(built, BuildFailure):
                return built
            binary = language.binary(built, entry_point(given.entry), given.entry.program, sandbox, Path(folder))
            if binary is None:
                raise UsageError(f"the rebuilt source has no program {given.entry.program}")
            return binary

    bytes_of_memory, cpu_s = rss_mb << 20, limits.cpu_s or 10.0
    replaying = witnesses(sandbox, bytes_of_memory, cpu_s, jobs=2) if observed_door else replayer
    verdict = verify_bundle(bundle, rebuild, replaying, replays, source)
    gate.record("prove", bundle=path.name, holds=verdict.holds, fired=verdict.fired, replays=verdict.replays)
    return verdict
