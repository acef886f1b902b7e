"""Filters and names given to LDAP (sink ldap), before anything is sent to a server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..recording import stopped
from .patching import argument, before

if TYPE_CHECKING:
    from types import ModuleType

    from ..recording import Recorder
    from .patching import Look

    Given = tuple[tuple[int, str, str], ...]

SEARCH: Given = ((1, "search_base", "dn"), (2, "search_filter", "filter"))
NAMED: Given = ((1, "dn", "dn"),)


def _look(api: str, given: Given, stop: bool, module: str, error: str) -> Look:
    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        seen = False
        for index, name, dialect in given:
            text = argument(args, kwargs, index, name)
            if isinstance(text, (str, bytes)):
                seen = recorder.saw("ldap", api, text, dialect, stopped=stop) or seen
        if seen and stop:
            raise stopped(getattr(sys.modules[module], error), "server is not reachable")

    return look


def patch_ldap3(module: ModuleType) -> None:
    """`ldap3.Connection`: the name that it binds as, and what its operations are about."""
    where = "ldap3.core.exceptions"
    before(module.Connection, "__init__", _look("ldap3.Connection", ((2, "user", "dn"),), False, where, ""))
    for method in ("search", "compare", "add", "delete", "modify", "modify_dn"):
        given = SEARCH if method == "search" else NAMED
        before(module.Connection, method, _look(f"ldap3.Connection.{method}", given, True, where, "LDAPSocketOpenError"))


def patch_python_ldap(module: ModuleType) -> None:
    """`python-ldap`: all searches and binds go through these."""
    given: Given = ((1, "base", "dn"), (3, "filterstr", "filter"))
    api = "ldap.ldapobject.SimpleLDAPObject"
    before(module.SimpleLDAPObject, "search_ext", _look(f"{api}.search_ext", given, True, "ldap", "SERVER_DOWN"))
    before(module.SimpleLDAPObject, "simple_bind", _look(f"{api}.simple_bind", ((1, "who", "dn"),), True, "ldap", "SERVER_DOWN"))
