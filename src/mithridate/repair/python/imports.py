"""Names that a file has imported, and imports added where its imports are."""

import sys

import libcst as cst

from mithridate.repair.python.source import Edit, Source, dotted


def imported(source: Source) -> dict[str, str]:
    """What each name that the file imports stands for: {"etree": "lxml.etree", "sub": "subprocess"}."""
    found: dict[str, str] = {}
    for node in source.nodes():
        if isinstance(node, cst.Import):
            for alias in node.names:
                whole = dotted(alias.name)
                if alias.asname is not None:
                    found[dotted(alias.asname.name)] = whole
                else:
                    found[whole.partition(".")[0]] = whole.partition(".")[0]
        elif isinstance(node, cst.ImportFrom) and not isinstance(node.names, cst.ImportStar):
            module = "." * len(node.relative) + dotted(node.module)
            for alias in node.names:
                name = dotted(alias.asname.name) if alias.asname is not None else dotted(alias.name)
                found[name] = f"{module}.{dotted(alias.name)}"
    return found


def modules(source: Source) -> frozenset[str]:
    """The dotted modules, and their parents, that the file imports from."""
    found: set[str] = set()
    for node in source.nodes():
        names: list[str] = []
        if isinstance(node, cst.Import):
            names = [dotted(alias.name) for alias in node.names]
        elif isinstance(node, cst.ImportFrom) and not node.relative:
            names = [dotted(node.module)]
            if not isinstance(node.names, cst.ImportStar):
                names += [f"{names[0]}.{dotted(alias.name)}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            found |= {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return frozenset(found)


def meant(source: Source, node: cst.CSTNode | None) -> str:
    """The full name of what an expression names, by the file's imports: "subprocess.run" for `sp.run`, `run`."""
    name = dotted(node)
    first, dot, rest = name.partition(".")
    return imported(source).get(first, first) + dot + rest


def using(source: Source, module: str, name: str = "") -> tuple[str, list[Edit]]:
    """How to write `module` (or `module.name`) in this file, and the edit that imports it when it is not there.

    A module is imported by `import module`; with `name`, an import from the module that is there is made longer.
    """
    whole = f"{module}.{name}" if name else module
    known = imported(source)
    for shown, what in known.items():
        if what == whole:
            return shown, []
    for shown, what in known.items():
        if name and what == module:
            return f"{shown}.{name}", []
        if what == module.partition(".")[0] and "." in module and module in modules(source):
            return whole, []
    if not name:
        return module, [_new(source, f"import {module}")]
    there = next(
        (
            node
            for node in source.module.body
            for node in (getattr(node, "body", ()) if isinstance(node, cst.SimpleStatementLine) else ())
            if isinstance(node, cst.ImportFrom)
            and not node.relative
            and dotted(node.module) == module
            and not isinstance(node.names, cst.ImportStar)
        ),
        None,
    )
    if there is not None and not isinstance(there.names, cst.ImportStar):
        after = next((alias for alias in there.names if dotted(alias.name).lower() > name.lower()), None)
        if after is not None:
            at = source.span(after)[0]
            return name, [Edit(at, at, f"{name}, ")]
        at = source.span(there.names[-1].name)[1]
        if there.names[-1].asname is None:
            return name, [Edit(at, at, f", {name}")]
    return name, [_new(source, f"from {module} import {name}")]


def added(source: Source, module: str) -> tuple[str, list[Edit]]:
    """`using` for a plain module whose attributes are used."""
    return using(source, module)


def _new(source: Source, line: str) -> Edit:
    """A line in the block of imports that it belongs to: the standard library's are sorted among their own."""
    module = line.split()[1]
    standard = module.partition(".")[0] in sys.stdlib_module_names
    own = line.startswith("import ")
    found = []
    for node in source.module.body:
        if not isinstance(node, cst.SimpleStatementLine):
            continue
        for small in node.body:
            if isinstance(small, cst.Import):
                found.append((node, dotted(small.names[0].name), True))
            elif isinstance(small, cst.ImportFrom):
                found.append((node, "." * len(small.relative) + dotted(small.module), False))
    found = [f for f in found if f[1] != "__future__"]
    alike = [f for f in found if (f[1].partition(".")[0] in sys.stdlib_module_names) == standard]
    same = [f for f in alike if f[2] == own] or alike
    for node, name, _ in same:
        if name.lower() > module.lower() or (own and same is alike and not any(f[2] for f in alike)):
            return source.before(node, line)
    if same:
        return source.after(same[-1][0], line)
    if found and standard:
        edit = source.before(found[0][0], line)
        return Edit(edit.start, edit.end, edit.text + source.newline)
    if found:
        return source.after(found[-1][0], line)
    return _first(source, line)


def _first(source: Source, line: str) -> Edit:
    """Behind the docstring and imports from the future, before everything else."""
    body = list(source.module.body)
    at = 0
    if body and source.module.get_docstring() is not None:
        at = 1
    while at < len(body) and "__future__" in source.code(body[at]).split("\n", 1)[0]:
        at += 1
    if at < len(body):
        edit = source.before(body[at], line)
        gap = "" if at == 0 and not isinstance(body[0], cst.FunctionDef | cst.ClassDef) else source.newline
        return Edit(edit.start, edit.end, edit.text + gap)
    return source.after(body[-1], "", line) if body else Edit(0, 0, line + source.newline)
