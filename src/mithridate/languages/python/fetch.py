"""Gets files from the owner's index onto this machine, as data: nothing in them is executed or unpacked here."""

import base64
import hashlib
import netrc
import os
import ssl
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import IO

MAXIMUM_BYTES = 2 << 30
"""Of one wheel or sdist."""
_PAGE_BYTES = 64 << 20
_TIMEOUT_S = 30.0
_TRIES = 3
_CHUNK = 1 << 20
_JSON = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


class FetchFailed(Exception):
    """A file could not be had; the message says why."""


class Fetcher:
    """Reads from http, https and, where the owner's own settings name such, file addresses.

    Proxies, certificates and netrc are those of `environment`. Secrets in an address go to its host alone.
    """

    def __init__(self, environment: Mapping[str, str], files_allowed: bool) -> None:
        self._environment = environment
        self._files_allowed = files_allowed
        self._opener: urllib.request.OpenerDirector | None = None

    def page(self, address: str) -> tuple[str, str, bytes] | None:
        """An index page as (final address, content type, content); None when the index has no such page."""
        if address.startswith("file:"):
            path = self._local(address)
            path = path / "index.html" if path.is_dir() else path
            return (path.as_uri(), "text/html", path.read_bytes()[:_PAGE_BYTES]) if path.is_file() else None
        for number in range(_TRIES):
            try:
                with self._open(address, _JSON) as answer:
                    return answer.geturl(), answer.headers.get_content_type(), answer.read(_PAGE_BYTES)
            except urllib.error.HTTPError as problem:
                if problem.code in (404, 410, 403):
                    return None
                self._wait(number, address, problem)
            except (OSError, HTTPException, ValueError) as problem:
                self._wait(number, address, problem)
        return None

    def file(self, address: str, name: str, sha256: str, store: Path) -> tuple[Path, str]:
        """The file at `address` as `store`/<sha256>/<name>, and its digest; fetched when it is not there.

        Raises FetchFailed when it cannot be had, is larger than MAXIMUM_BYTES or has another digest than `sha256` ("": any).
        """
        if not name or "/" in name or name.startswith("."):
            raise FetchFailed(f"{name!r} is no file name")
        kept = store / sha256 / name
        if sha256 and kept.is_file():
            return kept, sha256
        store.mkdir(parents=True, exist_ok=True)
        for number in range(_TRIES):
            try:
                with self._stream(address) as source, tempfile.NamedTemporaryFile(dir=store, delete=False) as target:
                    digest = _copy(source, target)
                if sha256 and digest != sha256:
                    Path(target.name).unlink()
                    raise FetchFailed(f"{name} has another SHA-256 digest than the index says")
                kept = store / digest / name
                kept.parent.mkdir(exist_ok=True)
                Path(target.name).replace(kept)
                return kept, digest
            except (OSError, HTTPException, ValueError) as problem:
                self._wait(number, address, problem)
        raise FetchFailed(f"{name} could not be fetched")

    def _stream(self, address: str) -> IO[bytes]:
        if address.startswith("file:"):
            return self._local(address).open("rb")
        stream: IO[bytes] = self._open(address, "*/*")
        return stream

    def _local(self, address: str) -> Path:
        if not self._files_allowed:
            raise FetchFailed("the index names a file of this machine")
        return Path(urllib.request.url2pathname(urllib.parse.urlsplit(address).path))

    def _open(self, address: str, accept: str):  # type: ignore[no-untyped-def]  # urllib gives a class that depends on the scheme
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https"):
            raise FetchFailed(f"cannot fetch from {parts.scheme or 'nothing'} addresses")
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
        request = urllib.request.Request(bare.geturl(), headers={"Accept": accept, "User-Agent": "mithridate"})
        if secret := self._secret(parts):
            request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(secret.encode()).decode())
        return self._director().open(request, timeout=_TIMEOUT_S)

    def _secret(self, parts: urllib.parse.SplitResult) -> str:
        if parts.username is not None:
            return f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        file = Path(self._environment.get("NETRC") or "~/.netrc").expanduser()
        with suppress(OSError, netrc.NetrcParseError):
            found = netrc.netrc(file).authenticators(parts.hostname or "")
            if found is not None:
                return f"{found[0]}:{found[2]}"
        return ""

    def _director(self) -> urllib.request.OpenerDirector:
        if self._opener is None:
            names = ("http", "https", "all")
            given = {n: self._environment.get(f"{n}_proxy") or self._environment.get(f"{n.upper()}_PROXY") for n in names}
            proxies = {n: given[n] or given["all"] for n in names[:2]}
            context = ssl.create_default_context(cafile=self._environment.get("SSL_CERT_FILE") or None)
            self._opener = urllib.request.OpenerDirector()
            for handler in (
                urllib.request.ProxyHandler({n: p for n, p in proxies.items() if p}),
                *(urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(context=context)),
                *(urllib.request.HTTPRedirectHandler(), urllib.request.HTTPErrorProcessor()),
                urllib.request.HTTPDefaultErrorHandler(),
            ):
                self._opener.add_handler(handler)
        return self._opener

    def _wait(self, number: int, address: str, problem: Exception) -> None:
        if number + 1 == _TRIES:
            host = urllib.parse.urlsplit(address).hostname or address
            raise FetchFailed(f"{host}: {problem}"[:300]) from problem
        time.sleep(2.0**number)


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > MAXIMUM_BYTES:
            with suppress(OSError):
                os.unlink(target.name)  # noqa: PTH108
            raise FetchFailed(f"larger than {MAXIMUM_BYTES >> 30} GiB")
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()
