"""From a path to doors: snapshot, components, builds, entry points."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.interface import Language
from mithridate.model.entry import EntryPoint
from mithridate.model.errors import NothingToAnalyse
from mithridate.model.project import Build, BuildFailure, Component, Flavour, Project, Skipped
from mithridate.model.run import Note
from mithridate.sandbox.unsafe_host import UnsafeHost
from mithridate.stages.session import Session
from mithridate.store.snapshot import take_snapshot

_AFL_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """The project at one hash."""

    project: Project
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Components, and what was seen but not understood."""

    components: tuple[Component, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """All builds of one component that succeeded."""

    component: Component
    builds: tuple[Build, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Entry points of the whole project."""

    entries: tuple[EntryPoint, ...]
    skipped: tuple[Skipped, ...]


def snapshot(session: Session) -> Frozen:
    """Copy the target to where nobody changes it. PolicyRefusal when the scope names another snapshot."""
    project, skipped = take_snapshot(Path(session.options.target), session.stores.home.snapshots)
    session.scope.require_snapshot(project.snapshot)
    session.gate.record("snapshot", project=project.name, snapshot=project.snapshot, files=project.files)
    return Frozen(project=project, skipped=skipped)


def components(session: Session, project: Project) -> Parts:
    """Ask every language what it finds. NothingToAnalyse when none finds anything."""
    parts: list[Component] = []
    skipped: list[Skipped] = []
    for language in session.languages:
        found, passed_over = language.detect(project)
        parts += found
        skipped += passed_over
    if not parts and session.options.command:
        raise NothingToAnalyse(
            f"nothing in {project.origin} is built to programs: no CMake, Meson, Autotools, Make or C/C++ source was found",
            hint="--command calls a program of C or C++; without it, code of other languages is entered as well",
        )
    if not parts:
        raise NothingToAnalyse(
            f"nothing in {project.origin} can be built: no CMake, Meson, Autotools, Make, C/C++ source or Python was found",
            hint="point at the source tree, or describe the build in a mithridate.toml",
        )
    return Parts(components=tuple(parts), skipped=tuple(skipped))


def build(session: Session, project: Project, component: Component) -> Built:
    """Build one component in every flavour; a failure is a result, not an error."""
    language = language_of(session, component.language)
    builds: list[Build] = []
    skipped: list[Skipped] = []
    for flavour in language.flavours:
        if flavour is Flavour.AFL and "afl++" not in session.options.engines:
            continue
        if flavour is Flavour.AFL and (slowest := max(_seconds(b) for b in builds)) > _AFL_SHARE * session.options.budget_s:
            reason = f"building took {slowest:.0f} s, too much of the budget for a third time; a longer --budget includes AFL++"
            skipped.append(Skipped(what=f"{component.id}, {flavour} build", reason=reason))
            continue
        outcome = language.build(project, component, flavour, session.sandbox, session.stores.home.builds)
        if isinstance(outcome, BuildFailure):
            skipped.append(_build_skipped(outcome))
            session.tell(Note(text=f"{component.id}: {skipped[-1].reason}"))
            if flavour is Flavour.PLAIN:
                break
        else:
            builds.append(outcome)
            if flavour is Flavour.PLAIN:
                skipped += outcome.incomplete
    made, reused = (",".join(b.flavour for b in builds if b.cached is cached) for cached in (False, True))
    session.gate.record("build", component=component.id, made=made, reused=reused)
    return Built(component=component, builds=tuple(builds), skipped=tuple(skipped))


def entry_points(session: Session, project: Project, built: Built) -> Doors:
    """The doors of one component."""
    if not built.builds:
        return Doors(entries=(), skipped=())
    language = language_of(session, built.component.language)
    work = session.area / "doors"
    work.mkdir(exist_ok=True)
    entries, skipped = language.entry_points(project, built.builds, session.sandbox, work)
    if session.sandbox.name == UnsafeHost.name:
        entries, refused = without_observed(entries)
        skipped = (*skipped, *refused)
    if not entries and not skipped:
        why = "it was built, and has neither a program nor a fuzz target through which input could enter"
        skipped = (Skipped(what=built.component.id, reason=why),)
    session.gate.record("entry-points", component=built.component.id, found=len(entries))
    return Doors(entries=entries, skipped=skipped)


def without_observed(entries: Sequence[EntryPoint]) -> tuple[tuple[EntryPoint, ...], tuple[Skipped, ...]]:
    """The doors that may be searched without a sandbox, and why the others may not.

    An engine calls functions with arguments that it makes up: one that deletes a directory would delete it on this machine.
    """
    reason = "calls and requests with made-up arguments may delete and write anything: they are run in a real sandbox only"
    refused = tuple(Skipped(what=entry.id, reason=reason) for entry in entries if entry.observed)
    return tuple(entry for entry in entries if not entry.observed), refused


def language_of(session: Session, name: str) -> Language:
    """The language of that name."""
    return next(language for language in session.languages if language.name == name)


def _seconds(build: Build) -> float:
    return 0.0 if build.cached else build.wall_s


def _build_skipped(failure: BuildFailure) -> Skipped:
    hint = f" ({failure.hint})" if failure.hint else ""
    return Skipped(
        what=f"{failure.component.id}, {failure.flavour} build",
        reason=f"{failure.step} failed: {failure.first_error}{hint}",
    )
