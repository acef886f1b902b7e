"""`mithridate prove`: replay a bundle and say yes or no."""

from pathlib import Path
from typing import Annotated

import typer

from mithridate.cli.options import HomeOption, ReplaysOption, SandboxOption, TableFormatOption, as_path, home_directory


def prove(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", parser=as_path, show_default=False, help="A .proof file.")],
    source: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            envvar="MITHRIDATE_SOURCE",
            parser=as_path,
            show_default=False,
            help="The source tree, for a bundle that carries none.",
        ),
    ] = None,
    sandbox: SandboxOption = "bubblewrap",
    replays: ReplaysOption = 10,
    report_format: TableFormatOption = None,
    home: HomeOption = None,
) -> int:
    """Replay a bundle and say yes or no.

    Builds what BUNDLE names and replays its input in fresh sandboxes. Ends with 10 when it fires every time (proved) and
    with 0 when it does not.
    """
    from mithridate.model.errors import UsageError

    if not bundle.is_file():
        raise UsageError(f"there is no bundle {bundle}")
    if source is not None and not source.exists():
        raise UsageError(f"there is no source tree {source}")
    place = home_directory(home)

    import threading

    from mithridate import pipeline
    from mithridate.cli.progress import watching
    from mithridate.cli.verdict import present_verdict

    with watching(bundle.name, threading.Event()) as observer:
        verdict = pipeline.prove(bundle, place, source, sandbox, replays, observer)
    return present_verdict(verdict, report_format)
