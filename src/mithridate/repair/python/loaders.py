"""Deserialisation that builds what the data names: loaders for plain data (CWE-502), and parsers that fetch (CWE-611)."""

from collections.abc import Iterator

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.flow import Place, Value, argument, origins
from mithridate.repair.python.helper import defined_before, free_name
from mithridate.repair.python.imports import meant, using
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, Source, dotted

_TYPES = "data from outside names the types and functions that its loader looks up"
_PICKLES = frozenset({"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "pickle5"})
_UNPICKLER = (
    "class {name}({pickle}.Unpickler):",
    '    """Loads plain data: of what is named in it, only types that hold values."""',
    "",
    "    def find_class(self, module, name):",
    '        if module == "builtins" and name in {{"bytearray", "complex", "frozenset", "range", "set", "slice"}}:',
    "            return super().find_class(module, name)",
    '        if (module, name) in {{("collections", "OrderedDict"), ("datetime", "date"), ("datetime", "datetime")}}:',
    "            return super().find_class(module, name)",
    '        raise {pickle}.UnpicklingError(f"{{module}}.{{name}} is not plain data")',
)


class LoaderProposer(PythonProposer):
    """Safe loaders of YAML, pickles, and what is like them."""

    name = "python-loader"
    kinds = frozenset({ViolationKind.UNSAFE_DESERIALISATION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """The loader of the same format that builds plain data only."""
        for place in scene.places[:3]:
            found = False
            for call in place.calls:
                for change in _loading(place, call):
                    found = True
                    yield change
            if found:
                return


def _loading(place: Place, call: cst.Call) -> Iterator[Change]:
    source = place.source
    name = meant(source, call.func)
    module, _, function = name.rpartition(".")
    if module == "yaml" and function in ("load", "load_all", "unsafe_load", "unsafe_load_all", "full_load", "full_load_all"):
        yield Change(_TYPES, "load plain data only", edits_of(source, *_yaml(source, call, function)))
        yield from _own_loader(source, call)
    elif module in _PICKLES and function in ("loads", "load", "Unpickler"):
        yield from _pickle(place, call, function)
    elif function in ("decode", "loads") and module == "jsonpickle":
        first = argument(call, 0, "string")
        if first is not None:
            shown, extra = using(source, "json")
            text = f"{shown}.loads({source.code(first)})"
            yield Change(_TYPES, "load plain data only", edits_of(source, source.replace(call, text), extra))
    elif name.endswith(("numpy.load", "np.load")):
        yield Change(_TYPES, "load arrays without pickles", edits_of(source, _keyword(source, call, "allow_pickle", "False")))
    elif name.endswith("torch.load"):
        yield Change(_TYPES, "load weights only", edits_of(source, _keyword(source, call, "weights_only", "True")))
    elif name.endswith("YAML"):
        yield Change(_TYPES, "load plain data only", edits_of(source, _keyword(source, call, "typ", '"safe"')))
    else:
        for origin in origins(Value(place, call.func.value)) if isinstance(call.func, cst.Attribute) else ():
            if isinstance(origin.node, cst.Call) and meant(origin.source, origin.node.func).endswith("ruamel.yaml.YAML"):
                edit = _keyword(origin.source, origin.node, "typ", '"safe"')
                yield Change(_TYPES, "load plain data only", edits_of(origin.source, edit))


def _yaml(source: Source, call: cst.Call, function: str) -> list[Edit | list[Edit]]:
    loader = argument(call, 1, "Loader")
    if function in ("load", "load_all") and loader is not None:
        if isinstance(loader, cst.Attribute):
            return [source.replace(loader.attr, "SafeLoader")]
        shown, extra = using(source, "yaml", "SafeLoader")
        return [source.replace(loader, shown), extra]
    safe = "safe_load_all" if function.endswith("all") else "safe_load"
    if isinstance(call.func, cst.Attribute):
        return [source.replace(call.func.attr, safe)]
    shown, extra = using(source, "yaml", safe)
    return [source.replace(call.func, shown), extra]


def _own_loader(source: Source, call: cst.Call) -> Iterator[Change]:
    """A loader of the project's own keeps what it adds, and is built on the safe one."""
    loader = argument(call, 1, "Loader")
    if not isinstance(loader, cst.Name):
        return
    for node in source.nodes():
        if isinstance(node, cst.ClassDef) and node.name.value == loader.value and node.bases:
            base = node.bases[0].value
            new = "yaml.SafeLoader" if dotted(base).startswith("yaml.") else "SafeLoader"
            extra = [] if new.startswith("yaml.") else using(source, "yaml", "SafeLoader")[1]
            yield Change(_TYPES, "build the loader on the safe one", edits_of(source, source.replace(base, new), extra), rank=0.9)


def _pickle(place: Place, call: cst.Call, function: str) -> Iterator[Change]:
    source = place.source
    first = argument(call, 0, "data", "file", "str")
    if first is None:
        return
    name = free_name(source, "PlainUnpickler")
    shown, extra = using(source, "pickle")
    helper = defined_before(source, place.function, [line.format(name=name, pickle=shown) for line in _UNPICKLER])
    if function == "loads":
        stream, more = using(source, "io")
        text = f"{name}({stream}.BytesIO({source.code(first)})).load()"
    else:
        more = []
        text = f"{name}({source.code(first)})" + (".load()" if function == "load" else "")
    edits = edits_of(source, source.replace(call, text), helper, extra, more)
    yield Change(_TYPES, "load plain data only, and refuse what names other types", edits)


class XmlProposer(PythonProposer):
    """Parsers that fetch nothing."""

    name = "python-xml"
    kinds = frozenset({ViolationKind.EXTERNAL_ENTITY})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """The options of the parser that is given; a parser with such options where none is."""
        cause = "the XML parser resolves entities that a document from outside names"
        fix = "resolve no entity and fetch nothing"
        for place in scene.places[:3]:
            found = False
            for call in place.calls:
                for edits in _hardened(place, call):
                    found = True
                    yield Change(cause, fix, edits)
            if found:
                return


def _hardened(place: Place, call: cst.Call) -> Iterator[tuple[tuple[Source, Edit], ...]]:
    source = place.source
    name = meant(source, call.func)
    last = name.rpartition(".")[2]
    for arg in (argument(call, 1, "parser"), call):
        for origin in origins(Value(place, arg)) if arg is not None else ():
            node = origin.node
            if isinstance(node, cst.Call) and meant(origin.source, node.func).endswith(
                ("etree.XMLParser", "etree.ETCompatXMLParser")
            ):
                yield edits_of(origin.source, _options(origin.source, node))
                return
    if last == "iterparse" and "lxml" in name:
        yield edits_of(source, _options(source, call))
    elif last in ("fromstring", "parse", "XML", "fromstringlist") and argument(call, 1, "parser") is None and "etree" in name:
        module = dotted(call.func).rpartition(".")[0] or "etree"
        end = source.span(call.args[-1])[1] if call.args else source.span(call)[1]
        yield edits_of(source, Edit(end, end, f", parser={module}.XMLParser(resolve_entities=False, no_network=True)"))
    for each in source.nodes(place.function):
        if isinstance(each, cst.Call) and dotted(each.func).endswith(".setFeature") and len(each.args) == 2:
            feature, on = (arg.value for arg in each.args)
            if "external" in source.code(feature) and source.code(on) in ("True", "1"):
                yield edits_of(source, source.replace(on, "False"))


def _options(source: Source, call: cst.Call) -> list[Edit]:
    """The constructor's options set, others left as they are; options that load nothing by default are not written."""
    given = {arg.keyword.value for arg in call.args if arg.keyword is not None}
    edits = [_keyword(source, call, "resolve_entities", "False")]
    for name, value in (("load_dtd", "False"), ("no_network", "True"), ("dtd_validation", "False"), ("huge_tree", "False")):
        if name in given:
            edits.append(_keyword(source, call, name, value))
    return edits


def _keyword(source: Source, call: cst.Call, name: str, value: str) -> Edit:
    """A keyword argument set."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return source.replace(arg.value, value)
    if call.args:
        end = source.span(call.args[-1])[1]
        return Edit(end, end, f", {name}={value}")
    end = source.span(call)[1] - 1
    return Edit(end, end, f"{name}={value}")
