"""A proof as a pytest file that a developer puts beside the project's own tests: no part of it needs an observer.

Requests go through the test client that the application's framework brings: Django's, Starlette's (FastAPI too), else
Werkzeug's (Flask and any WSGI application). The last test asks the oracle itself: `mithridate prove` on the working tree.
"""

import json
import re
from collections.abc import Sequence

from mithridate.model.document import Document, Json, worded
from mithridate.model.entry import ObservedDoor
from mithridate.model.violation import Violation, ViolationKind
from mithridate.report import made_value
from mithridate.report.http_request import HttpRequest, http_request

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z", re.ASCII)
_SETTINGS = "DJANGO_SETTINGS_MODULE"


def python_test(document: Document, door: ObservedDoor | None, violation: Violation, bundle: str) -> str:
    """The file, or "" where the door is not known. Raises ValueError for a document that cannot be written down."""
    kinds = {kind for step in document.attack if isinstance(step, dict) for kind in step}
    if kinds == {"call"}:
        body = _calls(document)
    elif kinds == {"request"} and door is not None and door.kind in ("wsgi", "asgi"):
        body = _requests(document, door, violation)
    elif kinds == {"program"} and door is not None:
        body = _programs(document, door)
    else:
        return ""
    if not body:
        return ""
    made = [*body, *_replay(bundle)] if bundle else body
    return "\n".join(made).rstrip("\n") + "\n"


def call_snippet(steps: Sequence[Json]) -> str:
    """The calls of a document as Python statements."""
    return "\n".join(_statements(steps))


def _requests(document: Document, door: ObservedDoor, violation: Violation) -> list[str]:
    module, _, attribute = door.target.partition(":")
    name, called = attribute.removesuffix("()"), "()" if attribute.endswith("()") else ""
    environment = dict(door.environment)
    if _SETTINGS not in environment and not (_IDENTIFIER.match(module) and _IDENTIFIER.match(name)):
        return []
    if _SETTINGS in environment:
        client = _DJANGO
    else:
        client = _STARLETTE if door.kind == "asgi" else _WERKZEUG
        client = [line.format(module=module, name=name.split(".")[0], application=name + called) for line in client]
    attack, control = _sent(document.attack), _sent(document.control)
    return [
        "import os",
        "import subprocess",
        "",
        *(f"os.environ[{key!r}] = {value!r}" for key, value in sorted(environment.items())),
        "",
        *client,
        "",
        "",
        f"HARMLESS = {_listed(control)}",
        f"ATTACK = {_listed(attack)}",
        "",
        "",
        "def test_the_attack_is_answered_like_the_harmless_request():",
        f'    """{_where(violation)}"""',
        "    send(HARMLESS)",
        "    answers = send(ATTACK)",
        *(f"    {line}" for line in _assertion(document, violation)),
        "",
        "",
    ]


_WERKZEUG = [
    "from werkzeug.test import Client",
    "",
    "from {module} import {name}",
    "",
    "",
    "def send(requests):",
    "    client = Client({application})",
    "    return [client.open(path, method=m, headers=headers, data=body) for m, path, headers, body in requests]",
]
_STARLETTE = [
    "from starlette.testclient import TestClient",
    "",
    "from {module} import {name}",
    "",
    "",
    "def send(requests):",
    "    client = TestClient({application}, follow_redirects=False)",
    "    return [client.request(m, path, headers=headers, content=body) for m, path, headers, body in requests]",
]
_DJANGO = [
    "import django",
    "from django.test import Client",
    "",
    "django.setup()",
    "",
    "",
    "def send(requests):",
    "    client = Client(SERVER_NAME='localhost')",
    "    made = []",
    "    for m, path, headers, body in requests:",
    "        named = {'HTTP_' + k.upper().replace('-', '_'): v for k, v in headers if k.lower() != 'content-type'}",
    "        kind = dict((k.lower(), v) for k, v in headers).get('content-type', '')",
    "        made.append(client.generic(m, path, body, content_type=kind, **named))",
    "    return made",
]


def _sent(steps: Sequence[Json]) -> list[HttpRequest]:
    given = [step.get("request") for step in steps if isinstance(step, dict)]
    return [http_request(request) for request in given if isinstance(request, dict)]


def _listed(requests: Sequence[HttpRequest]) -> str:
    lines = [f"    ({r.method!r}, {r.target!r}, {list(r.headers)!r}, {r.body!r})," for r in requests]
    return "\n".join(["[", *lines, "]"]) if lines else "[]"


def _assertion(document: Document, violation: Violation) -> list[str]:
    """What can be seen from outside; for all other sinks the last test has the answer."""
    if violation.kind is ViolationKind.CROSS_SITE_SCRIPTING:
        payloads = sorted({p for p in _payloads(document.attack) if set(p) & set("<>\"'")})
        body = "str(getattr(a, 'text', None) or a.content.decode('utf-8', 'replace'))"
        return (
            [f"assert not any(payload in {body} for a in answers for payload in {payloads!r})"]
            if payloads
            else ["assert answers"]
        )
    if violation.kind is ViolationKind.OPEN_REDIRECT:
        return [
            "places = [(a.headers.get('Location') or '').replace('\\\\', '/') for a in answers]",
            "hosts = [place.partition('//')[2].partition('/')[0] for place in places]",
            "assert set(hosts) <= {'', 'localhost', 'testserver'}",
        ]
    return ["assert len(answers) == len(ATTACK)"]


def _payloads(steps: Json) -> list[str]:
    """What stands between marks, as the attacker sends it."""
    if isinstance(steps, str):
        return [worded(steps)] if "\ue000" in steps else []
    inner = list(steps.values()) if isinstance(steps, dict) else steps if isinstance(steps, list) else []
    return [payload for item in inner for payload in _payloads(item)]


def _calls(document: Document) -> list[str]:
    statements = _statements(document.attack)
    if not statements:
        return []
    return [
        "import io",
        "import pathlib",
        "import subprocess",
        "",
        "",
        "def test_the_call():",
        *(f"    {s}" for s in statements),
        "",
        "",
    ]


def _statements(steps: Sequence[Json]) -> list[str]:
    made: list[str] = []
    for step in steps:
        call = step.get("call") if isinstance(step, dict) else None
        target = call.get("target") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(target, str):
            continue
        module, _, name = worded(target).partition(":")
        if not _IDENTIFIER.match(module) or not _IDENTIFIER.match(name):
            return []
        owner, _, method = name.rpartition(".")
        construct = call.get("construct")
        callee = f"{owner}({_arguments(construct)}).{method}" if owner and isinstance(construct, dict) else name
        made += [f"from {module} import {name.split('.')[0]}", f"{callee}({_arguments(call)})"]
    return made


def _arguments(call: dict[str, Json]) -> str:
    args, kwargs = call.get("args"), call.get("kwargs")
    given = [made_value.expression(a) for a in args] if isinstance(args, list) else []
    for key, value in kwargs.items() if isinstance(kwargs, dict) else ():
        shown = made_value.expression(value)
        given.append(f"{key}={shown}" if key.isidentifier() else f"**{{{key!r}: {shown}}}")
    return ", ".join(given)


def _programs(document: Document, door: ObservedDoor) -> list[str]:
    made = ["import pathlib", "import subprocess", "import sys", "", "", "def test_the_command(tmp_path):"]
    for step in document.attack:
        program = step.get("program") if isinstance(step, dict) else None
        if not isinstance(program, dict):
            continue
        files, args = program.get("files"), program.get("args")
        for name, content in files.items() if isinstance(files, dict) else ():
            made.append(f"    pathlib.Path(tmp_path, {name!r}).write_bytes({made_value.data(content)!r})")
        words = [repr(made_value.text(a)) for a in args] if isinstance(args, list) else []
        command = ", ".join(
            ["sys.executable", *(["'-m'"] if "/" not in door.target else []), repr(door.target.partition(":")[0]), *words]
        )
        stdin = made_value.data(program.get("stdin", ""))
        made.append(f"    done = subprocess.run([{command}], input={stdin!r}, cwd=tmp_path, check=False)")
        made.append("    assert done.returncode >= 0")
    return [*made, "", ""]


def _where(violation: Violation) -> str:
    at = violation.place
    told = (
        f"Set a breakpoint at {at.file.removeprefix('/src/')}:{at.line}: there it was seen to be {violation.kind.value}."
        if at
        else ""
    )
    return json.dumps(told or violation.kind.value, ensure_ascii=True)[1:-1]


def _replay(bundle: str) -> list[str]:
    return [
        "def test_the_proof_no_longer_fires():",
        '    """Ends with 0 when the proof does not fire on the working tree, with 10 as long as it does."""',
        f"    done = subprocess.run(['mithridate', 'prove', {bundle!r}, '--source', '.'], check=False)",
        "    assert done.returncode == 0",
    ]
