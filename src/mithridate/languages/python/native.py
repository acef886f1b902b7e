"""Finds the native extension modules of a Python component: what its build files say, and the sources that they are made of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.c.walk import regular_files
from mithridate.languages.python.text import Unreadable, text

SOURCES = frozenset({".c", ".cc", ".cpp", ".cxx", ".pyx", ".pxd"})
"""What C and C++ compilers, and Cython before them, are given."""
_ASIDE = re.compile(r"(?i)^(tests?|testing|docs?|examples?|samples?|benchmarks?|bench|tools?|\..*)$")
_SCRIPTS = ("setup.py", "setup.cfg", "pyproject.toml", "meson.build", "CMakeLists.txt", "build.py")
_SAYS = re.compile(
    r"\bExtension\s*\(|\bext_modules\b|\bext-modules\b|\bcythonize\s*\(|\bcffi_modules\b|\bPybind11Extension\b|\bbuild_ext\b"
    r"|mesonpy|meson-python|scikit[-_]build|skbuild|\bpybind11_add_module\b|\bpython_add_library\b|\bextension_module\s*\(|\bUSE_CYTHON\b"
)
"""What a build file says that makes extension modules, with setuptools, Cython, cffi, pybind11, Meson or CMake."""
_MOST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """`sources` are relative to the component, in order."""

    sources: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.sources)


def extensions(directory: Path) -> Extensions:
    """The sources of extension modules below a component's directory; none when no build file there makes such modules."""
    if not any(_SAYS.search(content) for content in _build_files(directory)):
        return Extensions(sources=())
    found: list[str] = []
    for path, _ in regular_files(directory):
        inner = path.relative_to(directory)
        if path.suffix.lower() in SOURCES and not any(_ASIDE.match(part) for part in inner.parts[:-1]):
            found.append(str(inner))
            if len(found) >= _MOST:
                break
    return Extensions(sources=tuple(sorted(found)))


def uses_cython(directory: Path) -> bool:
    """Whether setup.py speaks of Cython and there are sources for it."""
    says = any("cython" in content.lower() for content in _build_files(directory))
    return says and any(name.endswith(".pyx") for name in extensions(directory).sources)


def _build_files(directory: Path) -> Iterator[str]:
    for name in _SCRIPTS:
        path = directory / name
        if path.is_file() and not path.is_symlink():
            try:
                yield text(path)
            except Unreadable:
                continue
