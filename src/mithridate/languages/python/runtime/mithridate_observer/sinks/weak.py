"""Weak hashes, ciphers and random numbers that the project's own code asks for (facts, without marks)."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of handlers and looks

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .patching import argument, before

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..recording import Recorder
    from .patching import Look, Patch

DIGESTS = {"md2": 16, "md4": 16, "md5": 16, "sha": 20, "sha1": 20, "sha0": 20}
"""Hashes for which collisions are known, with the bytes they give."""
RANDOM = (
    "random",
    "randint",
    "randrange",
    "randbytes",
    "getrandbits",
    "choice",
    "choices",
    "sample",
    "shuffle",
    "uniform",
    "triangular",
    "betavariate",
    "expovariate",
    "gammavariate",
    "gauss",
    "lognormvariate",
    "normalvariate",
    "vonmisesvariate",
    "paretovariate",
    "weibullvariate",
)
CIPHERS = frozenset({"DES", "DES3", "ARC4", "ARC2", "Blowfish", "CAST", "XOR"})
"""Ciphers of Crypto.Cipher with keys or blocks that are too short, or broken."""
ALGORITHMS = frozenset({"TripleDES", "ARC4", "Blowfish", "IDEA", "SEED", "CAST5", "RC2", "_DES"})
"""Those of cryptography.hazmat."""


def _fact(recorder: Recorder, sink: str, api: str, what: str, length: object = "") -> None:
    if recorder.new_site(sink, what):
        recorder.saw(sink, api, what, detail={"length": str(length)}, fact=True)


def _digest(recorder: Recorder, api: str, name: Any, kwargs: dict[str, Any]) -> None:
    algorithm = str(name).lower().replace("-", "").replace("_", "")
    if algorithm in DIGESTS and kwargs.get("usedforsecurity", True):
        _fact(recorder, "weak-hash", api, "sha1" if algorithm == "sha" else algorithm, DIGESTS[algorithm])


def patch_hashlib(module: ModuleType) -> None:
    """`hashlib.new`, `hashlib.md5`, `hashlib.sha1` and `hashlib.file_digest`, unless they are said not to serve security."""

    def named(api: str, index: int, name: str) -> Look:
        def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            algorithm = argument(args, kwargs, index, name)
            if isinstance(algorithm, str):
                _digest(recorder, api, algorithm, kwargs)

        return look

    before(module, "new", named("hashlib.new", 0, "name"))
    before(module, "file_digest", named("hashlib.file_digest", 1, "digest"))
    for algorithm in ("md5", "sha1"):
        before(module, algorithm, _constant(_digest, f"hashlib.{algorithm}", algorithm))


def _constant(note: Callable[..., None], api: str, what: str) -> Look:
    return lambda recorder, args, kwargs: note(recorder, api, what, kwargs)


def _used(sink: str, api: str, what: str, length: object = "") -> Look:
    return lambda recorder, args, kwargs: _fact(recorder, sink, api, what, length)


def patch_random(module: ModuleType) -> None:
    """The Mersenne Twister behind `random`'s functions and `random.Random`; `random.SystemRandom` (thus `secrets`) is none."""
    secure = module.SystemRandom
    for method in RANDOM:

        def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any], method: str = method) -> None:
            if not isinstance(args[0], secure):
                _fact(recorder, "weak-random", f"random.{method}", method)

        if before(module.Random, method, look) and hasattr(module, method):
            setattr(module, method, getattr(module._inst, method))


def hash_module(algorithm: str) -> Patch:
    """A patch for `Crypto.Hash.X.new`."""
    return lambda module: _patched(module, "weak-hash", algorithm, DIGESTS[algorithm])


def cipher_module(name: str) -> Patch:
    """A patch for `Crypto.Cipher.X.new`."""
    return lambda module: _patched(module, "weak-cipher", name)


def _patched(module: ModuleType, sink: str, what: str, length: object = "") -> bool:
    return before(module, "new", _used(sink, f"{module.__name__}.new", what, length))


def patch_aes(module: ModuleType) -> None:
    """`Crypto.Cipher.AES.new` with the mode that shows equal blocks."""

    def look(recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if argument(args, kwargs, 1, "mode") == module.MODE_ECB:
            _fact(recorder, "weak-cipher", f"{module.__name__}.new", "AES-ECB")

    before(module, "new", look)


def patch_cryptography(module: ModuleType) -> None:
    """`cryptography`'s weak algorithms, where the project makes one."""
    for name in ALGORITHMS:
        owner = getattr(module, name, None)
        if isinstance(owner, type):
            before(owner, "__init__", _used("weak-cipher", f"{module.__name__}.{name}", name))


def patch_modes(module: ModuleType) -> None:
    """`cryptography`'s electronic code book."""
    before(module.ECB, "__init__", _used("weak-cipher", f"{module.__name__}.ECB", "ECB"))


def patch_hashes(module: ModuleType) -> None:
    """`cryptography`'s weak hashes."""
    for name, algorithm in (("MD5", "md5"), ("SHA1", "sha1")):
        owner = getattr(module, name, None)
        if isinstance(owner, type):
            before(owner, "__init__", _used("weak-hash", f"{module.__name__}.{name}", algorithm, DIGESTS[algorithm]))


def patches() -> dict[str, list[Patch]]:
    """The modules with weak algorithms."""
    found: dict[str, list[Patch]] = {"hashlib": [patch_hashlib], "random": [patch_random]}
    for package in ("Crypto", "Cryptodome"):
        for name, algorithm in (("MD2", "md2"), ("MD4", "md4"), ("MD5", "md5"), ("SHA", "sha"), ("SHA1", "sha1")):
            found[f"{package}.Hash.{name}"] = [hash_module(algorithm)]
        for name in CIPHERS:
            found[f"{package}.Cipher.{name}"] = [cipher_module(name)]
        found[f"{package}.Cipher.AES"] = [patch_aes]
    hazmat = "cryptography.hazmat"
    found[f"{hazmat}.primitives.ciphers.algorithms"] = [patch_cryptography]
    found[f"{hazmat}.decrepit.ciphers.algorithms"] = [patch_cryptography]
    found[f"{hazmat}.primitives.ciphers.modes"] = [patch_modes]
    found[f"{hazmat}.primitives.hashes"] = [patch_hashes]
    return found
