"""Shadow patches: what ends so many executions that the search does not get past it is patched, in builds for the search alone.

1. measure    of the inputs that the search keeps for an entry point, how many end in which flaw that is known
2. patch      the gate without the project's tests and its fresh search, which the hunt is itself; what shows elsewhere is not
              held against a patch that clears the way to it
3. build      the hunting builds from the objects of the unpatched ones, the proving one from nothing
4. enter      the same entry points, with the binaries of these builds

C and C++ only: a Python program goes on behind most of what its observer sees.
"""

import hashlib
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from mithridate.languages.c.language import CLanguage
from mithridate.languages.c.sources import SOURCES
from mithridate.model.entry import EntryPoint
from mithridate.model.errors import SandboxUnavailable, UsageError
from mithridate.model.finding import ShadowPatch
from mithridate.model.patch import PatchStatus
from mithridate.model.project import Build, BuildFailure, Flavour, Project, Skipped
from mithridate.model.run import Note
from mithridate.model.violation import Clean, Violation, ViolationKind
from mithridate.oracles.detector import Detector
from mithridate.prove.batch import QuickSignature, quick_signature
from mithridate.repair.behind import changed_functions, elsewhere
from mithridate.repair.diff import DiffError, applied, apply
from mithridate.repair.gate import Effort, Gate
from mithridate.repair.interface import Subject
from mithridate.repair.stacked import together
from mithridate.repair.steps.builds import Builds
from mithridate.repair.steps.outputs import Outputs
from mithridate.repair.steps.proofs import Proofs
from mithridate.repair.steps.symptom import Symptom
from mithridate.repair.steps.variants import Variants
from mithridate.sandbox.leavings import remove_tree
from mithridate.stages import repair as repairs
from mithridate.stages.conclude import SCRATCH, SHADOWS
from mithridate.stages.construct import Built, language_of
from mithridate.stages.on_top import shown_in
from mithridate.stages.search import Hunt
from mithridate.stages.session import Session
from mithridate.stages.shadowed import Deepened, Shadow, chosen, in_front, named
from mithridate.stages.workshop import Way, Workshop
from mithridate.store.snapshot import SNAPSHOT_TIME
from mithridate.store.space import comes_of_full_disk

SHARE = 0.4
"""Of the time for patches, what all shadow stages together may take."""

_MEASURING = 0.3
"""Of that, what may be used to see what is in front."""

_SAMPLE = 48
_SAMPLE_S = 15.0
_SAMPLE_CPU_S = 1.0
_NAMED = 6
_BENIGN = 24
_PROPOSALS = 24
_PERTURBED = 16
_DEAREST_BUILD = 0.3
"""Of the time of one stage: a patch needs several builds."""

_PASSES = frozenset({Detector.UNDEFINED_BEHAVIOUR_SANITIZER, Detector.LEAK_SANITIZER})
"""What these see does not stop the program."""

_TIMELESS = frozenset({ViolationKind.TIMEOUT, ViolationKind.MEMORY_EXHAUSTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Front:
    """What holds up the search of one entry point: signatures of flaws; inputs that end in nothing are `benign`."""

    flaws: tuple[str, ...]
    benign: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """The tree that a stage begins with: the snapshot, or one with the patches of the stage before."""

    diff: str
    behind: tuple[str, ...]
    flaws: tuple[Violation, ...]


def deepen(session: Session, project: Project, built: Sequence[Built], hunt: Hunt) -> Deepened:
    """One shadow stage. Whatever goes wrong in it takes nothing from the hunt, which goes on as before."""
    started = session.elapsed_s()
    spent = sum(layer.seconds for layer in hunt.layers)
    left = SHARE * session.options.patch_s - spent
    shadows: list[Shadow] = []
    skipped: list[Skipped] = []
    if left > 0:
        fronts = _measured(session, hunt, _MEASURING * left)
        for one in built:
            doors = {i: front for i, front in fronts.items() if hunt.entries[i].component == one.component.id}
            if doors:
                made = _guarded(session, project, one, hunt, doors, left / max(1, len(built)))
                shadows += made if not isinstance(made, Skipped) else ()
                skipped += [made] if isinstance(made, Skipped) else ()
    session.park_if_cancelled()
    session.gate.record("shadow", entries=len(shadows), patched=len({s for shadow in shadows for s in shadow.patch.behind}))
    return Deepened(shadows=tuple(shadows), skipped=tuple(skipped), seconds=session.elapsed_s() - started)


def _guarded(
    session: Session, project: Project, built: Built, hunt: Hunt, doors: Mapping[int, _Front], seconds: float
) -> list[Shadow] | Skipped:
    what = f"{built.component.id}, behind what holds up {len(doors)} of its entry points"
    try:
        return _Stage(session, project, built, hunt, doors, seconds).shadows()
    except SandboxUnavailable:
        raise
    except Exception as error:
        if comes_of_full_disk(error):
            raise
        return Skipped(what=what, reason=f"no shadow patch: {error}")


def _measured(session: Session, hunt: Hunt, seconds: float) -> dict[int, _Front]:
    """What holds up which entry point, of those that no entry point in a patched build has taken the place of.

    Those with most candidates first, as many as there are `seconds` (wall) for; without a candidate nothing holds it up.
    """
    ends = time.monotonic() + seconds
    replaced = {shadow.original for shadow in hunt.shadows.values()}
    known = frozenset(c.signature for c in hunt.confirmed if _stops(c.violation))
    found = Counter(f.entry for r in hunt.rounds for outcome in r.outcomes for f in outcome.found)
    fronts: dict[int, _Front] = {}
    for index, _ in found.most_common() if known else ():
        if hunt.entries[index].language == CLanguage.name and index not in replaced and time.monotonic() < ends:
            front = _front(session, hunt, index, known)
            if front.flaws:
                fronts[index] = front
    return fronts


def _front(session: Session, hunt: Hunt, index: int, known: frozenset[str]) -> _Front:
    """A quick look at a sample of what the search keeps; one input of each form is replayed in full, to name what it ends in."""
    entry, binary = hunt.entries[index], hunt.entries[index].binary(Flavour.PLAIN)
    kept = hunt.kept(index)
    sample = [path.read_bytes() for path in kept[:: max(1, len(kept) // _SAMPLE)][:_SAMPLE]]
    if binary is None or not sample:
        return _Front(flaws=(), benign=())
    judged = session.replayer.batch(entry, binary, sample, _SAMPLE_S, cpu_s=_SAMPLE_CPU_S)
    forms: dict[QuickSignature, list[bytes]] = {}
    for data, seen in zip(sample, judged, strict=True):
        for form in {quick_signature(v) for v in seen if _stops(v)} if isinstance(seen, tuple) else ():
            forms.setdefault(form, []).append(data)
    ended: dict[str, int] = {}
    for inputs in sorted(forms.values(), key=len, reverse=True)[:_NAMED]:
        seen = session.replayer.once(entry, binary, inputs[0])
        for signature in {v.signature for v in seen if v.signature in known} if isinstance(seen, tuple) else ():
            ended[signature] = ended.get(signature, 0) + len(inputs)
    benign = tuple(data for data, seen in zip(sample, judged, strict=True) if isinstance(seen, Clean))
    return _Front(flaws=in_front(ended, sum(seen is not None for seen in judged)), benign=benign[:_BENIGN])


def _stops(violation: Violation) -> bool:
    """Whether it ends the execution, and there is a place to mend."""
    return violation.detector not in _PASSES and violation.kind not in _TIMELESS


class _Stage:
    """One component: patches for what is in front, one on top of the other, then builds with all of them."""

    def __init__(
        self, session: Session, project: Project, built: Built, hunt: Hunt, doors: Mapping[int, _Front], seconds: float
    ) -> None:
        self._session, self._project, self._built, self._hunt, self._doors = session, project, built, hunt, doors
        self._ends = time.monotonic() + seconds
        self._seconds = seconds
        self._flavours = {build.flavour: build for build in built.builds}
        language = language_of(session, CLanguage.name)
        assert isinstance(language, CLanguage)
        self._language = language
        self._area = session.area / SHADOWS / f"{len(hunt.layers)}-{hashlib.sha256(built.component.id.encode()).hexdigest()[:8]}"
        self._trees = count()

    def shadows(self) -> list[Shadow]:
        """The entry points in the patched build. UsageError when none could be made."""
        if self._flavours[Flavour.PLAIN].wall_s > _DEAREST_BUILD * self._seconds:
            raise UsageError("building the component takes too long for the time there is for patches")
        remove_tree(self._area)  # of a process that was killed in the midst of this
        self._area.mkdir(parents=True)
        base = before = self._base()
        wanted = chosen({i: front.flaws for i, front in self._doors.items()})
        for number, signature in enumerate(wanted):
            left = self._ends - time.monotonic()
            if left > 0:
                base = self._with_patch(base, signature, left / (len(wanted) - number))
        if base is before:
            raise UsageError("none was found for what holds up the search")
        made = self._entered(base)
        if not made:
            raise UsageError("the patched component has not the same entry points")
        self._session.tell(
            Note(text=f"{len(made)} entry points are searched on behind {len(base.behind)} flaws that held them up")
        )
        return made

    def _base(self) -> _Base:
        mine = [s for layer in self._hunt.layers for s in layer.shadows if s.component == self._built.component.id]
        if not mine:
            return _Base(diff="", behind=(), flaws=())
        return _Base(diff=mine[-1].patch.diff, behind=mine[-1].patch.behind, flaws=mine[-1].flaws)

    def _with_patch(self, base: _Base, signature: str, seconds: float) -> _Base:
        """`base` with a patch for one more flaw; `base` itself where none was found."""
        project = self._tree(base.diff)
        doors = {entry.id: entry for entry in self._hunt.entries if entry.component == self._built.component.id}
        shown_by = [c for c in self._hunt.confirmed if c.signature == signature and c.candidate.entry_id in doors]
        held_up = {self._hunt.entries[i].id: i for i, front in self._doors.items() if signature in front.flaws}
        through = dict.fromkeys([*(c.candidate.entry_id for c in shown_by), *held_up])
        ways = [Way(entry=replace(doors[door], binaries=()), program=_program(doors[door])) for door in through]
        options, scratch = self._session.options, self._session.area / SCRATCH
        tools = repairs.tools(self._session.stores, self._session.sandbox, options, options.jobs, self._session.cancel, scratch)
        with Workshop(project, self._built.component, ways, tools, scratch, own=bool(base.diff)) as bench:
            blobs = self._session.stores.blobs
            again = (shown_in(bench, c.candidate.entry_id, blobs.get(c.candidate.blob), c.signature) for c in shown_by)
            proofs = tuple(shown for shown in again if shown is not None)
            if not proofs:
                return base
            subject = Subject(
                finding=signature,
                cwe=0,
                project=project,
                component=self._built.component,
                proofs=tuple(sorted(proofs, key=lambda s: len(s.data))),
                benign={door: self._benign(bench, i) for door, i in held_up.items() if door in bench.original.entries},
                elsewhere=elsewhere([proof.violation for proof in proofs], project.tree),
            )
            checks = (Builds(), Proofs(), Variants(0.0, _PERTURBED), Outputs(), Symptom())
            effort = Effort(proposals=_PROPOSALS, validated=1, seconds=seconds, patient=False)
            asked = repairs.proposals(subject, bench, (), self._session.tell)
            made = Gate(checks, effort).judge(subject, asked, bench)
            found = next((p for p in made if p.stopped_by is None and p.status is not PatchStatus.PROPOSED), None)
            if found is None:
                return base
            self._session.tell(Note(text=f"shadow patch for {proofs[0].violation.kind}: {found.proposal.fix}"))
            flaws = (*base.flaws, *(c.violation for c in shown_by))
            try:
                diff = together(base.diff, found.proposal.diff, self._project.tree)
            except DiffError:
                return base
            return _Base(diff=diff, behind=(*base.behind, signature), flaws=flaws)

    def _benign(self, bench: Workshop, index: int) -> tuple[bytes, ...]:
        """Inputs that violate nothing in the workshop's tree either; the empty one where it is such."""
        door = self._hunt.entries[index].id
        some = [b"", *self._doors[index].benign]
        seen = bench.judge(bench.original, door, some)
        return tuple(data for data, judged in zip(some, seen, strict=True) if judged == ())

    def _tree(self, diff: str) -> Project:
        """The snapshot with a diff applied, as a project of its own for the caches of builds."""
        if not diff:
            return self._project
        tree = self._area / f"tree-{next(self._trees)}"
        subprocess.run(["cp", "-a", "--reflink=auto", "--", self._project.tree, tree], check=True)
        for folder in (tree, *(path for path in tree.rglob("*") if path.is_dir() and not path.is_symlink())):
            folder.chmod(0o755)
        for path in apply(diff, tree):
            if (tree / path).is_file():
                os.utime(tree / path, (SNAPSHOT_TIME, SNAPSHOT_TIME))
        own = f"{self._session.record.id}\0{self._project.snapshot}\0{diff}"
        return replace(self._project, snapshot=hashlib.sha256(own.encode("utf-8", "surrogateescape")).hexdigest(), tree=tree)

    def _entered(self, base: _Base) -> list[Shadow]:
        """The entry points in builds with the patches of `base`."""
        project = self._tree(base.diff)
        builds = self._builds(project, applied(base.diff, self._project.tree))
        changed = changed_functions(base.diff, self._project.tree)
        patch = ShadowPatch(behind=base.behind, diff=base.diff)
        work = self._area / "doors"
        work.mkdir()
        made: list[Shadow] = []
        for index in self._doors:
            original = self._original(index)
            entry = self._language.entry_again(
                builds, self._hunt.entries[original], _program(self._hunt.entries[original]), self._session.sandbox, work
            )
            if entry is not None:
                entry = replace(entry, id=named(entry.id, len(self._hunt.layers) + 1))
                made.append(
                    Shadow(
                        original=original,
                        entry=entry,
                        component=self._built.component.id,
                        patch=patch,
                        flaws=base.flaws,
                        changed=changed,
                    )
                )
        return made

    def _original(self, index: int) -> int:
        shadow = self._hunt.shadows.get(self._hunt.entries[index].id)
        return index if shadow is None else shadow.original

    def _builds(self, project: Project, changed: Mapping[str, bytes | None]) -> list[Build]:
        """In every flavour that the component has been built in. UsageError when one fails that is needed."""
        cache = self._area / "builds"
        cache.mkdir()
        for runtime in self._flavours[Flavour.PLAIN].directory.parent.glob("runtime-*/"):
            shutil.copytree(runtime, cache / runtime.name, symlinks=True)  # our harness, compiled
        builds: list[Build] = []
        for flavour, original in self._flavours.items():
            made = self._built_as(flavour, original, project, changed, cache)
            if not isinstance(made, BuildFailure):
                builds.append(made)
            elif flavour is Flavour.PLAIN:
                raise UsageError(f"the patched component does not build: {made.first_error}")
        return builds

    def _built_as(
        self, flavour: Flavour, original: Build, project: Project, changed: Mapping[str, bytes | None], cache: Path
    ) -> Build | BuildFailure:
        quick = None
        if flavour is not Flavour.PLAIN and all(Path(path).suffix in SOURCES for path in changed):
            quick = self._quickly(original, changed, project, cache / f"quick-{flavour}")
        return quick or self._language.build(project, self._built.component, flavour, self._session.sandbox, cache)

    def _quickly(self, original: Build, changed: Mapping[str, bytes | None], project: Project, directory: Path) -> Build | None:
        """From the objects of the unpatched build; None where that is not possible."""
        try:
            made = self._language.rebuild(original, changed, project, self._session.sandbox, directory)
        except (ValueError, subprocess.CalledProcessError):  # a build left what cannot be copied or written to
            return None
        return made if isinstance(made, Build) else None


def _program(entry: EntryPoint) -> str:
    binary = entry.binary(Flavour.PLAIN)
    return binary.path if binary is not None else ""
