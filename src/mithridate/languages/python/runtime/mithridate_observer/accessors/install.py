"""Installs the accessors of every framework, to take effect when the target imports it."""

from __future__ import annotations

from ..loaded import when_loaded
from ..places import Places
from . import aiohttp, arguments, bottle, decoders, django, falcon, plain, starlette, webob, werkzeug


def install(places: Places) -> None:
    """Must be called before the target is imported."""
    decoders.install()
    arguments.install()
    plain.install()
    for framework in (werkzeug, django, starlette, aiohttp, bottle, falcon, webob):
        when_loaded(framework.patches(places))
