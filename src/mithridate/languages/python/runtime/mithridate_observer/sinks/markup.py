"""XML documents, XPath expressions and external entities (sinks xml, xpath, entity). What an entity names is never fetched."""

# ruff: noqa: ARG001 - the signatures are those of handlers and looks

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from ..recording import stopped
from . import paths, stack
from .patching import argument, ask, before, observing, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..recording import Recorder
    from .patching import Look


def _path(api: str, index: int, dialect: str = "1.0", name: str = "path") -> Look:
    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        expression = argument(args, kwargs, index, name)
        return isinstance(expression, (str, bytes)) and recorder.saw("xpath", api, expression, dialect)

    return look


def _document(api: str, index: int = 0, name: str = "text") -> Look:
    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        document = argument(args, kwargs, index, name)
        if isinstance(document, (str, bytes)):
            recorder.saw("xml", api, document)

    return look


def patch_elementpath(module: ModuleType) -> None:
    """The paths of `find`, `findall`, `findtext` and `iterfind`, of `xml.etree` and of lxml, which has a module of its own."""
    package = "lxml.etree._Element" if module.__name__.startswith("lxml") else "xml.etree.ElementTree.Element"
    for function in ("find", "findall", "findtext", "iterfind"):
        before(module, function, _path(f"{package}.{function}", 1), "xpath")


def patch_elementtree(module: ModuleType) -> None:
    """Documents that `xml.etree` is given as text."""
    for function in ("fromstring", "XML", "XMLID"):
        before(module, function, _document(f"xml.etree.ElementTree.{function}"))


def patch_minidom(module: ModuleType) -> None:
    """Documents that `xml.dom.minidom` is given as text."""
    before(module, "parseString", _document("xml.dom.minidom.parseString", name="string"))


def patch_sax(module: ModuleType) -> None:
    """Documents that `xml.sax` is given as text."""
    before(module, "parseString", _document("xml.sax.parseString", name="string"))


def patch_expatreader(module: ModuleType) -> None:
    """External entities of `xml.sax`, where the program switched them on."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        parser, identifier = args[0], argument(args, kwargs, 3, "sysid")
        if not parser._external_ges or not isinstance(identifier, str):
            return
        if recorder.saw("entity", stack.called("xml.sax.expatreader.ExpatParser.parse"), identifier, stopped=True):
            raise stopped(module.SAXException, "external entity not loaded")

    before(module.ExpatParser, "external_entity_ref", look)


def patch_third_elementpath(module: ModuleType) -> None:
    """Expressions that the package `elementpath` parses, in the version that the program chose."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        parser, expression = args[0], argument(args, kwargs, 1, "source")
        if not isinstance(expression, str):
            return False
        dialect = "1.0" if getattr(parser, "version", "2.0") == "1.0" else "2.0"
        return recorder.saw("xpath", stack.outermost("elementpath"), expression, dialect)

    before(module.XPath1Parser, "parse", look)


def patch_lxml(module: ModuleType) -> None:
    """Expressions and documents of `lxml.etree`, and the entities that its parsers would load."""
    for owner, method in (("_Element", "xpath"), ("_ElementTree", "xpath")):
        before(getattr(module, owner), method, _path(f"lxml.etree.{owner}.xpath", 1, name="_path"))
    for name in ("XPath", "ETXPath"):
        setattr(module, name, _compiled(getattr(module, name), _path(f"lxml.etree.{name}", 1)))
    for name in ("XPathElementEvaluator", "XPathDocumentEvaluator"):
        setattr(module, name, _evaluating(getattr(module, name), _path("lxml.etree.XPathEvaluator", 1)))
    replace(module, "XPathEvaluator", lambda original: _evaluator(module, original))
    resolver = _resolver(module)
    for function in ("fromstring", "XML", "XMLID", "parse", "fromstringlist", "XMLDTDID"):
        replace(module, function, lambda original: _parse(module, resolver, original))
    replace(module.XMLParser, "feed", lambda original: _feed(module, resolver, original))
    module.iterparse = _iterparse(module.iterparse, resolver)  # type: ignore[attr-defined]


def _compiled(base: Any, look: Look) -> Any:
    """A subclass whose constructor is given the expression; like its base for whoever asks."""

    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        recorder = observing()
        if recorder is not None:
            look(recorder, (self, *args), kwargs)
        base.__init__(self, *args, **kwargs)

    return type(base.__name__, (base,), {"__init__": construct, "__module__": base.__module__, "__doc__": base.__doc__})


def _evaluating(base: Any, look: Look) -> Any:
    """A subclass that is called with the expression."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = observing()
        if recorder is not None:
            look(recorder, (self, *args), kwargs)
        return base.__call__(self, *args, **kwargs)

    members = {"__call__": call, "evaluate": call, "__module__": base.__module__, "__doc__": base.__doc__}
    return type(base.__name__, (base,), members)


def _evaluator(module: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    def evaluator(what: Any, **kwargs: Any) -> Any:
        if isinstance(what, module._ElementTree):
            return module.XPathDocumentEvaluator(what, **kwargs)
        if isinstance(what, module._Element):
            return module.XPathElementEvaluator(what, **kwargs)
        return original(what, **kwargs)

    return evaluator


class _Parsing(threading.local):
    source = ""


_parsing = _Parsing()
"""The document that is parsed: lxml asks its resolvers for that, too."""


def _resolver(module: Any) -> Any:
    """A resolver that is asked before lxml loads anything; it answers for marked identifiers only."""

    def resolve(self: Any, url: Any, public: Any, context: Any) -> Any:
        recorder = observing()
        if recorder is None or not isinstance(url, str) or url == _parsing.source:
            return None
        if recorder.saw("entity", "lxml.etree.parse", url, stopped=True):
            return self.resolve_string("", context)  # resolve_empty() lets libxml2 2.14 load the file all the same
        return None

    return type("Resolver", (module.Resolver,), {"resolve": resolve})()


def _with_resolver(module: Any, parser: Any, resolver: Any) -> None:
    if parser is None:
        parser = module.get_default_parser()
    resolvers = getattr(parser, "resolvers", None)
    if resolvers is not None:
        resolvers.add(resolver)


def _parse(module: Any, resolver: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    function = getattr(original, "__name__", "")

    def parse(*args: Any, **kwargs: Any) -> Any:
        recorder = observing()
        if recorder is None:
            return original(*args, **kwargs)
        ask(_note, recorder, function, args, kwargs)
        _with_resolver(module, argument(args, kwargs, 1, "parser"), resolver)
        before = _parsing.source
        source = argument(args, kwargs, 0, "source")
        _parsing.source = os.fsdecode(source) if function == "parse" and isinstance(source, (str, bytes, os.PathLike)) else ""
        try:
            return original(*args, **kwargs)
        finally:
            _parsing.source = before

    return parse


def _note(recorder: Recorder, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """What is parsed: a document, or the name of one, which libxml2 opens without a word to the interpreter."""
    source = argument(args, kwargs, 0, "source" if function == "parse" else "text")
    if function != "parse":
        if isinstance(source, (str, bytes)):
            recorder.saw("xml", f"lxml.etree.{function}", source)
    elif isinstance(source, (str, bytes, os.PathLike)):
        name = os.fsdecode(source)
        if not name.lower().startswith(("http://", "https://", "ftp://")):
            paths.reached(recorder, "lxml.etree.parse", name, "read")
        elif recorder.saw("request", "lxml.etree.parse", name, stopped=True):
            raise stopped(OSError, f"failed to load {name!r}")


def _feed(module: Any, resolver: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    def feed(parser: Any, *args: Any, **kwargs: Any) -> Any:
        if observing() is not None:
            _with_resolver(module, parser, resolver)
        return original(parser, *args, **kwargs)

    return feed


def _iterparse(base: Any, resolver: Any) -> Any:
    """A subclass whose parser has the resolver."""

    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        base.__init__(self, *args, **kwargs)
        self.resolvers.add(resolver)

    return type(base.__name__, (base,), {"__init__": construct, "__module__": base.__module__, "__doc__": base.__doc__})
