"""Attacks that choose a place: a file, a host, a module, an archive's member, an argument."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from mithridate.hunt.engines.requests.document import HARMLESS, Value, marked
from mithridate.hunt.engines.requests.state import Context
from mithridate.hunt.engines.requests.twin import Twin, twins

_MARK = marked(HARMLESS)


def _against(attacks: Iterator[Value] | tuple[Value, ...], control: Value = _MARK) -> Iterator[Twin]:
    yield from (Twin(control=control, attack=attack) for attack in attacks)


def path(context: Context, detail: Mapping[str, str]) -> Iterator[Twin]:
    """Up, from the root, past a prefix, beside the directory, and in encoded forms."""
    up = "../"
    yield from _against((f"{up}{_MARK}", f"{up * 8}{_MARK}", f"/{_MARK}", f"a/{up * 3}{_MARK}"))
    directory = PurePosixPath(context.before).name if context.before.endswith("/") else ""
    if directory or (directory := PurePosixPath(detail.get("real", "")).parent.name):
        yield Twin(control=_MARK, attack=f"{up}{directory}-{_MARK}")
    yield from _against((f"/{up * 8}{_MARK}", f"%2e%2e%2f{_MARK}", f"....//{_MARK}", f"..\\{_MARK}", f"%252e%252e%252f{_MARK}"))
    yield from _against((f"{_MARK}/{up * 3}b", f"/tmp/{_MARK}", f"file:///{_MARK}", f"~/{_MARK}"))


def command(context: Context) -> Iterator[Twin]:
    """An option instead of an operand; words for a shell that the vector calls; another program where it names one."""
    if any(flag in context.before for flag in ('"-c"', '"-lc"', '"/c"', '"-Command"')):
        yield from twins(("a; true b", "a'; true 'b", 'a\\"; true \\"b', "a$(true)b", "a | true b"))
    yield from _against((f"-{_MARK}", f"--{_MARK}=b"))
    if context.before.strip() in ("[", '["'):
        yield from _against((f"/{_MARK}", f"../{_MARK}"))
    yield from twins(("a b", "a; true b"))


def redirect(context: Context) -> Iterator[Twin]:
    """Another host, in the ways in which browsers read one."""
    host = f"{_MARK}.example"
    if context.before:
        yield from _against((f"@{host}/", f".{host}/", f"//{host}/", f"/{host}/", f":1@{host}/", f"\\{host}/"))
    yield from _against(
        (f"https://{host}/", f"//{host}/", f"\\\\{host}/", f"/\\{host}/", f"https:{host}", f"javascript:1//{_MARK}")
    )
    yield from _against((f"http://localhost@{host}/", f"http://localhost.{host}/", f"https:///{host}/", f"\t//{host}/"))
    yield from _against((f"http://{host}/localhost", f"///{host}/"), f"/{_MARK}")
    yield from twins(("a\r\nX-Amber: b",))


def request(context: Context) -> Iterator[Twin]:
    """Another host for a request that the program itself makes; nothing leaves the sandbox."""
    host = f"{_MARK}.example"
    if "://" in context.before:
        yield from _against(
            (f"@{host}/", f".{host}/", f":1@{host}/", f"{host}/", f"{host}#", f"/../{host}", f"?{host}", f"#{host}")
        )
    yield from _against((f"http://{host}/", f"//{host}/", f"https://{host}/", host, f"http://{host}:81/", f"file:///{_MARK}"))
    near = f"http://localhost/{_MARK}"
    yield from _against(
        (f"http://{host}/", f"http://localhost@{host}/", f"http://localhost.{host}/", f"http://{host}/localhost"), near
    )


def module(_context: Context) -> Iterator[Twin]:
    """A name of the attacker's choice."""
    yield from twins(("a.b", "a.b.c"))
    yield from _against((f"..{_MARK}", f"xml.{_MARK}"))


def member(_context: Context) -> Iterator[Twin]:
    """A destination outside of the directory that the archive is extracted to."""
    yield from _against((f"../{_MARK}", f"/tmp/{_MARK}", f"a/../../{_MARK}", f"..\\{_MARK}"))
