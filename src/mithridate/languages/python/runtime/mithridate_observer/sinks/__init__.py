"""Sinks: where text that a program made is interpreted. `install` watches them; records are those of docs/input-document.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import recording
from . import (
    archives,
    audit,
    code,
    databases,
    directories,
    existence,
    headers,
    logs,
    markup,
    network,
    paths,
    patterns,
    pools,
    processes,
    serialised,
    served,
    sessions,
    templates,
    weak,
)
from .patching import Patches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..recording import Recorder
    from .audit import Handler
    from .patching import Patch

_installed: Patches | None = None


def install(recorder: Recorder) -> list[str]:
    """Report to `recorder` from now on. Call it before the target is imported; nothing is imported for it.

    Returns what could not be watched, and why; the list grows as modules are loaded. Called again, only the recorder changes.
    """
    global _installed
    recording.active = recorder
    if _installed is None:
        _installed = Patches(_patches())
        _installed.install()
        audit.listen(_handlers())
    return _installed.missed


def _handlers() -> dict[str, Handler]:
    return {**paths.handlers(), **processes.handlers(), **code.handlers(), **serialised.handlers(), **network.handlers()}


def _patches() -> dict[str, Sequence[Patch]]:
    return {
        "os": [processes.patch_os],
        "posixpath": [existence.patch_path],
        "pathlib": [existence.patch_pathlib],
        "subprocess": [processes.patch_subprocess],
        "shutil": [processes.patch_shutil],
        "importlib": [code.patch_importlib],
        "re": [patterns.patch],
        "regex.regex": [patterns.patch],
        "regex._main": [patterns.patch],
        "pickle": [serialised.patch_pickle],
        "shelve": [serialised.patch_shelve],
        "yaml.constructor": [serialised.patch_yaml],
        "ruamel.yaml.constructor": [serialised.patch_yaml],
        "jsonpickle.unpickler": [serialised.patch_jsonpickle],
        "http.client": [network.patch_http_client, headers.patch_http_client],
        "email.message": [headers.patch_email],
        "asyncio.base_events": [network.patch_asyncio],
        "concurrent.futures.thread": [pools.patch_futures],
        "anyio.to_thread": [pools.patch_anyio],
        "requests.adapters": [network.patch_requests],
        "urllib3.connectionpool": [network.patch_urllib3],
        "httpx._transports.default": [network.patch_httpx],
        "aiohttp.connector": [network.patch_aiohttp],
        "xml.etree.ElementPath": [markup.patch_elementpath],
        "xml.etree.ElementTree": [markup.patch_elementtree],
        "xml.dom.minidom": [markup.patch_minidom],
        "xml.sax": [markup.patch_sax],
        "xml.sax.expatreader": [markup.patch_expatreader],
        "lxml._elementpath": [markup.patch_elementpath],
        "lxml.etree": [markup.patch_lxml],
        "elementpath.xpath1.xpath1_parser": [markup.patch_third_elementpath],
        "ldap3.core.connection": [directories.patch_ldap3],
        "ldap.ldapobject": [directories.patch_python_ldap],
        "jinja2.environment": [templates.patch_jinja2],
        "mako.template": [templates.patch_mako],
        "django.template.base": [templates.patch_django],
        "tornado.template": [templates.patch_tornado],
        "builtins": [templates.patch_builtins],
        "string": [templates.patch_string],
        "werkzeug.utils": [served.patch_werkzeug],
        "starlette.responses": [served.patch_starlette],
        "tarfile": [archives.patch_tarfile],
        "zipfile": [archives.patch_zipfile],
        "logging": [logs.patch_logging],
        "syslog": [logs.patch_syslog],
        **databases.patches(),
        **sessions.patches(),
        **weak.patches(),
    }
