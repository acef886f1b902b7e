"""Observed facts: weak practices that were seen executed. Nothing escaped, nothing is proved."""

import re
from collections.abc import Mapping

from mithridate.model.observation import Observation, Sink
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.escape import Escape, quoted
from mithridate.oracles.confinement.spans import marked

_WEAK_HASHES = frozenset(
    {"md2", "md4", "md5", "sha", "sha0", "sha1", "ripemd", "ripemd128", "ripemd160", "rmd160", "mdc2", "haval"}
)
_WEAK_CIPHERS = frozenset(
    {
        "des",
        "des3",
        "3des",
        "tripledes",
        "tdes",
        "desede",
        "rc2",
        "arc2",
        "rc4",
        "arc4",
        "blowfish",
        "bf",
        "idea",
        "cast",
        "cast5",
        "cast128",
        "seed",
        "xor",
        "ecb",
    }
)
_STRONG_RANDOM = frozenset({"secrets", "systemrandom", "urandom", "getrandom", "uuid4"})
_EXPIRED = re.compile(r"max-age=0(?!\d)|expires=[^;]*\b19[67]\d\b", re.IGNORECASE)
_NEEDED_FLAGS: Mapping[str, str] = {"secure": "Secure", "httponly": "HttpOnly"}
_COOKIE_NAME = re.compile(r"(?:set-cookie:\s*)?([^=;\s]*)", re.IGNORECASE)


def fact(observation: Observation) -> Escape | None:
    """The weak practice that an observation shows, None when it shows none."""
    judge = _JUDGES.get(observation.sink)
    if observation.sink in _CALLED and not any(f.in_project for f in observation.frames):
        return None
    return judge(observation) if judge else None


def _hash(observation: Observation) -> Escape | None:
    words = _words(observation.text)
    weak = words & _WEAK_HASHES
    if not weak or words & {"sha256", "sha512", "sha384", "sha224", "sha3", "blake2b", "blake2s"}:
        return None
    name = sorted(weak)[-1].upper()
    return Escape(
        ViolationKind.WEAK_HASH,
        f"The hash function {name}, for which collisions are known, is applied to data of a request.",
        name,
    )


def _cipher(observation: Observation) -> Escape | None:
    weak = _words(observation.text) & _WEAK_CIPHERS
    if not weak:
        return None
    name = quoted(observation.text)
    why = (
        "whose blocks show which parts of the plain text are equal"
        if weak == {"ecb"}
        else "which is broken or has too short blocks or keys"
    )
    return Escape(ViolationKind.WEAK_CIPHER, f"Data is encrypted with {name}, {why}.", name)


def _random(observation: Observation) -> Escape | None:
    if _words(f"{observation.api} {observation.text}") & _STRONG_RANDOM or observation.detail.get("used", "1") != "1":
        return None
    name = quoted(observation.api if observation.api.endswith(observation.text) else observation.text)
    return Escape(
        ViolationKind.WEAK_RANDOM,
        f"A value of {name}, whose generator can be predicted from its output, leaves the program.",
        name,
    )


def _cookie(observation: Observation) -> Escape | None:
    missing = [label for flag, label in _NEEDED_FLAGS.items() if flag in _words(observation.detail.get("missing", ""))]
    match = _COOKIE_NAME.match(observation.text)
    if not missing or _EXPIRED.search(observation.text):
        return None
    name = quoted(match[1]) if match else ""
    return Escape(ViolationKind.INSECURE_COOKIE, f"The cookie `{name}` is set without {' and '.join(missing)}.", name)


def _session(observation: Observation) -> Escape | None:
    text = marked(observation)
    if not text.spans:
        return None
    part = quoted(text.text)
    return Escape(
        ViolationKind.TRUST_BOUNDARY,
        f"Data of a request is put into the session as `{part}`, where the program trusts what it finds.",
        part,
    )


def _words(text: str) -> set[str]:
    lower = text.lower()
    return set(re.findall(r"[a-z0-9]+", lower)) | set(re.findall(r"[a-z0-9]+", lower.replace("-", "")))


_CALLED = frozenset({Sink.WEAK_HASH, Sink.WEAK_CIPHER, Sink.WEAK_RANDOM})
"""Facts only where the project's own code is on the stack: what a library does within itself is no practice of the project."""
_JUDGES = {
    Sink.WEAK_HASH: _hash,
    Sink.WEAK_CIPHER: _cipher,
    Sink.WEAK_RANDOM: _random,
    Sink.COOKIE: _cookie,
    Sink.SESSION: _session,
}
