"""Tokens that a client of a JSON API sends along, as browsers do cookies (RFC 6749 §5.1, RFC 6750 §2.1)."""

from __future__ import annotations

import json
import re
from typing import Any

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,4096}=*")
_NAMES = ("access_token", "accesstoken", "token", "access", "jwt", "id_token", "auth_token", "authtoken", "key")
_DEEPEST = 3
_LARGEST = 64 * 1024


class Credentials:
    """The token that a client was given last."""

    def __init__(self) -> None:
        self._header = ""

    def take(self, kind: str, text: str) -> None:
        """Keep the token in an answer of content type `kind`, if there is one."""
        if "json" not in kind or len(text) > _LARGEST:
            return
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            return
        found = _token(told, 0)
        if found is not None:
            token, scheme = found
            self._header = f"{scheme} {token}"

    @property
    def header(self) -> str:
        """The Authorization header's value; nothing without a token."""
        return self._header


def _token(told: Any, depth: int) -> tuple[str, str] | None:
    """The token in a JSON object or in one that it holds, and the scheme to send it with."""
    if not isinstance(told, dict) or depth > _DEEPEST:
        return None
    named = {str(name).lower().replace("-", "_"): value for name, value in told.items()}
    for name in _NAMES:
        value = named.get(name)
        if isinstance(value, str) and _TOKEN.fullmatch(value):
            scheme = named.get("token_type")
            is_scheme = isinstance(scheme, str) and scheme.isalpha() and scheme.lower() != "bearer"
            return value, str(scheme) if is_scheme else "Bearer"
    return next((found for value in told.values() if (found := _token(value, depth + 1)) is not None), None)
