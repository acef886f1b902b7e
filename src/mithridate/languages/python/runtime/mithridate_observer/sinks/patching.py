"""Wrap functions and methods of modules when they are loaded, so that nothing is imported that the target does not import."""

from __future__ import annotations

import functools
import gc
import sys
from typing import TYPE_CHECKING, Any

from .. import recording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from ..recording import Recorder

    Look = Callable[[Recorder, tuple[Any, ...], dict[str, Any]], object]
    Patch = Callable[[ModuleType], object]

WRAPPED = "__mithridate_wrapped__"


def observing() -> Recorder | None:
    """The recorder, when this thread is to be observed now."""
    recorder = recording.active
    return recorder if recorder is not None and recorder.on and not recording.local.busy else None


def argument(args: Sequence[Any], kwargs: Mapping[str, Any], index: int, name: str, default: Any = None) -> Any:
    """The argument given at `index` (self counts) or by `name`."""
    return args[index] if len(args) > index else kwargs.get(name, default)


def ask(look: Callable[..., object], recorder: Recorder, *arguments: Any) -> object:
    """What `look` says; errors of its own are noted, not raised in the target."""
    try:
        return look(recorder, *arguments)
    except recording.Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - ours, not the target's
        recorder.trouble(error)
        return None


def replace(owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> bool:
    """Put `make(original)` in the place of a function of a module or a method of a class; False when there is none.

    Static and class methods stay such. Methods of C types are put into the type's own dictionary: the type, its instances and
    its subclasses stay what they are. Slots (`__init__`, `__call__`) of C types cannot be replaced: TypeError.
    """
    if isinstance(owner, type):
        found = next((vars(base)[name] for base in owner.__mro__ if name in vars(base)), None)
    else:
        found = getattr(owner, name, None)
    if found is None:
        return False
    original = found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
    if hasattr(original, WRAPPED) and (not isinstance(owner, type) or name in vars(owner)):
        return True
    wrapper: Any = functools.wraps(original)(make(original))
    setattr(wrapper, WRAPPED, True)
    if isinstance(found, (staticmethod, classmethod)):
        wrapper = type(found)(wrapper)
    try:
        setattr(owner, name, wrapper)
    except TypeError:
        if name.startswith("__"):
            raise
        _into_type(owner, name, wrapper)
    return True


def before(owner: Any, name: str, look: Look, *silent: str) -> bool:
    """Call `look(recorder, args, kwargs)` before the original, which it prevents by raising.

    When `look` returns True (it saw a mark) the original runs without the sinks in `silent`, whose words would repeat it.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            recorder = recording.active
            if recorder is not None and recorder.on and not recording.local.busy and ask(look, recorder, args, kwargs) and silent:
                with recording.quiet(*silent):
                    return original(*args, **kwargs)
            return original(*args, **kwargs)

        return call

    return replace(owner, name, make)


def before_awaited(owner: Any, name: str, look: Look) -> bool:
    """As `before`, for a coroutine function, which stays one: `look` is called when it is awaited."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            recorder = observing()
            if recorder is not None:
                ask(look, recorder, args, kwargs)
            return await original(*args, **kwargs)

        return call

    return replace(owner, name, make)


def after(owner: Any, name: str, look: Callable[[Recorder, tuple[Any, ...], dict[str, Any], Any], object], *silent: str) -> bool:
    """Call `look(recorder, args, kwargs, result)` when the original has returned; it runs without the sinks in `silent`."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            recorder = observing()
            if recorder is None:
                return original(*args, **kwargs)
            if silent:
                with recording.quiet(*silent):
                    result = original(*args, **kwargs)
            else:
                result = original(*args, **kwargs)
            ask(look, recorder, args, kwargs, result)
            return result

        return call

    return replace(owner, name, make)


def _into_type(owner: type, name: str, wrapper: object) -> None:
    import ctypes

    namespace = gc.get_referents(owner.__dict__)[0]
    if type(namespace) is not dict:
        raise TypeError(f"cannot reach the dictionary of {owner!r}")
    namespace[name] = wrapper
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))


class Patches:
    """Patches by module name, applied to modules already loaded and to others right after they are. A finder of `sys.meta_path`.

    `missed` says what could not be patched, and why: the target goes on without that sink being watched.
    """

    def __init__(self, patches: Mapping[str, Sequence[Patch]]) -> None:
        self.missed: list[str] = []
        self._patches = patches

    def install(self) -> None:
        """Patch what is loaded; be asked first about what is not."""
        for name in self._patches:
            # Modules built into the interpreter cannot be hooked, and cost nothing to load.
            module = __import__(name) if name in sys.builtin_module_names else sys.modules.get(name)
            if module is not None:
                self._apply(name, module)
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec that the other finders give, made to patch the module once it is loaded."""
        if name not in self._patches:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None) if finder is not self else None
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                self._hook(name, spec.loader)
                return spec
        return None

    def _hook(self, name: str, loader: Any) -> None:
        if loader is None or isinstance(loader, type) or not hasattr(loader, "exec_module"):
            self.missed.append(f"{name}: loaded by {loader!r}")
            return

        def exec_module(module: ModuleType) -> None:
            vars(loader).pop("exec_module", None)
            loader.exec_module(module)
            if module.__name__ == name:
                self._apply(name, module)

        loader.exec_module = exec_module

    def _apply(self, name: str, module: ModuleType) -> None:
        for patch in self._patches[name]:
            try:
                patch(module)
            except Exception as error:  # noqa: BLE001 - another version of a library must not stop the target
                self.missed.append(f"{name}: {type(error).__name__}: {error}")
