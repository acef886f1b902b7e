"""Builds a component once more from the objects of an earlier build, to look at many small changes of it."""

import os
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mithridate.languages.c.build import LISTED_FAILURES, BuildLimits, Failed, Work, collect, failure, nothing_built, run_steps
from mithridate.languages.c.build_steps import attempts
from mithridate.languages.c.diagnosis import failed_targets
from mithridate.languages.c.link import OWN_OUTPUT
from mithridate.languages.c.sources import read_tree
from mithridate.languages.c.toolchain import Toolchain
from mithridate.languages.c.wrapper import install_wrapper
from mithridate.model.project import Build, BuildFailure, Project
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import remove_tree


def rebuild_component(
    build: Build,
    changed: Mapping[str, bytes | None],
    project: Project,
    sandbox: Sandbox,
    directory: Path,
    toolchain: Toolchain,
    *,
    limits: BuildLimits,
    jobs: int | None = None,
) -> Build | BuildFailure:
    """`build` once more in `directory`, from a copy of all it made, with `changed` files (None: deleted; paths below the root).

    Only what depends on the changed files is compiled again, as far as the build system knows: good for a look, no evidence.
    """
    attempt = next((a for a in attempts(build.component, read_tree(build.directory / "src")) if a.label == build.attempt), None)
    if attempt is None:
        raise ValueError(f"the build {build.key} does not say how it was made")
    remove_tree(directory)
    directory.mkdir(parents=True)
    for name in ("src", "build", "log"):  # fifos and odd names included, which shutil does not take
        subprocess.run(["cp", "-a", "--reflink=auto", "--", build.directory / name, directory / name], check=True)
    remove_tree(directory / OWN_OUTPUT.lstrip("/"))
    for path, content in changed.items():
        _put(directory / "src", path, content)
    work = Work(
        project=project,
        flavour=build.flavour,
        sandbox=sandbox,
        directory=directory,
        key=build.key,
        toolchain=toolchain,
        wrapper=install_wrapper(directory.parent),
        tree=read_tree(directory / "src"),
        leave_out=(),
        limits=limits,
        jobs=jobs or len(os.sched_getaffinity(0)),
        deadline=time.monotonic() + limits.wall_s,
        cancel=None,
    )
    started = time.monotonic()
    again = replace(attempt, steps=attempt.steps[attempt.compiles_from :], compiles_from=0)
    failed, output = run_steps(work, build.component, again)
    if failed is not None and (_blamed(changed, failed.output) or _more_fails(build, failed, limits)):
        return failure(work, build.component, failed)
    made = collect(work, build.component, again, failed, output, time.monotonic() - started, is_chosen=True)
    return made or failure(work, build.component, failed or Failed("build", nothing_built(output)))


def _blamed(changed: Mapping[str, bytes | None], output: str) -> bool:
    """Whether a compiler finds an error in a changed file, by its name alone: build systems write paths in their own ways."""
    names = "|".join(sorted(re.escape(path.rpartition("/")[2]) for path in changed))
    return re.search(rf"(?m)(?:^|[/\s])(?:{names}):\d+:(?:\d+:)? (?:fatal )?error\b", output) is not None


def _more_fails(build: Build, failed: Failed, limits: BuildLimits) -> bool:
    """Whether anything fails that the first build could make. What it made of that then is still there, and is out of date.

    Where a build system does not name what failed, its first error must be the one from before. Where more failed then than is
    kept, nobody knows, and what the compiler says of the changed files has to do.
    """
    named = set(failed_targets(failed.output))
    if not named or not build.incomplete:
        return failed.why(limits) not in {skipped.reason for skipped in build.incomplete}
    known = {skipped.what.removeprefix(f"{build.component.id}: ") for skipped in build.incomplete}
    return len(known) < LISTED_FAILURES and not named <= known


def _put(root: Path, path: str, content: bytes | None) -> None:
    """Replace a file. The build has written below `root` too: a link that it left there is not followed."""
    place = root / path
    if not place.parent.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"the build has made a link of the directory of {path!r}")
    place.unlink(missing_ok=True)
    if content is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
