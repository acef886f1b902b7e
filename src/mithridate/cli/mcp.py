"""`mithridate mcp`: the abilities of the command line for an outside agent or IDE, over the Model Context Protocol."""

from pathlib import Path
from typing import Annotated

import typer

from mithridate.cli.options import HomeOption, SandboxOption, as_path, default_jobs, home_directory, parse_duration

_LARGEST_MIB = 16


def mcp(
    directories: Annotated[
        list[Path],
        typer.Argument(metavar="DIR", parser=as_path, show_default=False, help="What may be read; nothing outside of it is."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            envvar="MITHRIDATE_MCP_OUT",
            parser=as_path,
            show_default=False,
            help="Where reports may be written (default: nowhere).",
        ),
    ] = None,
    agent: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            envvar="MITHRIDATE_MCP_AGENT",
            help="Who is at the other end; a scope must list it as a model.",
        ),
    ] = "mcp",
    scope: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="MITHRIDATE_SCOPE",
            parser=as_path,
            show_default=False,
            help="The scope to work under (default: the one of each project).",
        ),
    ] = None,
    tool: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            envvar="MITHRIDATE_MCP_TOOL",
            show_default=False,
            help="Offer only this tool; may be given again (default: all).",
        ),
    ] = None,
    signer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FINGERPRINT",
            envvar="MITHRIDATE_MCP_SIGNER",
            show_default=False,
            help="Replay bundles that this key signed, too; may be given again.",
        ),
    ] = None,
    budget: Annotated[
        float,
        typer.Option(metavar="DURATION", envvar="MITHRIDATE_MCP_BUDGET", parser=parse_duration, help="Wall time of one call."),
    ] = "10m",  # type: ignore[assignment]  # Typer parses defaults as it parses input
    cpu: Annotated[
        float,
        typer.Option(metavar="DURATION", envvar="MITHRIDATE_MCP_CPU", parser=parse_duration, help="CPU time of one call."),
    ] = "30m",  # type: ignore[assignment]
    at_once: Annotated[
        int,
        typer.Option(metavar="N", envvar="MITHRIDATE_MCP_AT_ONCE", min=1, max=64, help="Calls at work; further ones wait."),
    ] = 2,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N", envvar="MITHRIDATE_JOBS", min=1, max=1024, show_default=False, help="Cores for one call (default: all)."
        ),
    ] = None,
    largest: Annotated[
        int,
        typer.Option(
            metavar="MIB", envvar="MITHRIDATE_MCP_LARGEST", min=1, max=_LARGEST_MIB, help="The largest input or diff, in MiB."
        ),
    ] = 1,
    answer: Annotated[
        int,
        typer.Option(
            metavar="KIB",
            envvar="MITHRIDATE_MCP_ANSWER",
            min=4,
            max=4096,
            help="The longest answer, in KiB.",
        ),
    ] = 256,
    http: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            envvar="MITHRIDATE_MCP_HTTP",
            min=0,
            max=65535,
            show_default=False,
            help="Serve over HTTP on this port of this machine (0: any), not over standard input and output.",
        ),
    ] = None,
    sandbox: SandboxOption = "bubblewrap",
    home: HomeOption = None,
) -> int:
    """Serve an agent or IDE over the Model Context Protocol.

    Gives it the abilities of the other commands as tools, under the same scopes, sandbox and audit log. Ends when standard
    input is closed.
    """
    from mithridate.model.errors import ExitCode, MissingRequirement, UsageError

    for directory in directories:
        if not directory.is_dir():
            raise UsageError(f"there is no directory {directory}")
    if scope is not None and not scope.is_file():
        raise UsageError(f"there is no scope file {scope}")
    try:
        import mcp_types  # noqa: F401  # of the official SDK
    except ImportError:
        raise MissingRequirement(
            "the SDK of the Model Context Protocol is not installed", hint="pip install 'mithridate[models]'"
        ) from None
    place = home_directory(home)

    from mithridate.cli.output import words
    from mithridate.mcp.catalogue import TOOLS
    from mithridate.mcp.http import over_http
    from mithridate.mcp.serving import over_stdio, serve
    from mithridate.mcp.settings import Settings
    from mithridate.sandbox.registry import SANDBOXES

    unknown = [name for name in tool or () if name not in TOOLS]
    if unknown:
        raise UsageError(f"there is no tool {unknown[0]!r}", hint=f"choose from: {', '.join(TOOLS)}")
    if sandbox not in SANDBOXES:
        raise UsageError(f"no sandbox is called {sandbox!r}", hint=f"choose one of: {', '.join(SANDBOXES)}")
    settings = Settings(
        home=place,
        roots=tuple(dict.fromkeys(directory.resolve() for directory in directories)),
        out=out.resolve() if out is not None else None,
        scope=scope.resolve() if scope is not None else None,
        agent=agent,
        signers=tuple(signer or ()),
        sandbox=sandbox,
        jobs=jobs or default_jobs(),
        wall_s=budget,
        cpu_s=cpu,
        at_once=at_once,
        input_bytes=largest << 20,
        answer_bytes=answer << 10,
        tools=tuple(dict.fromkeys(tool or ())),
    )
    transport = over_stdio if http is None else over_http(http, words)
    return ExitCode.NOTHING_PROVED if serve(settings, transport) else ExitCode.INTERRUPTED
