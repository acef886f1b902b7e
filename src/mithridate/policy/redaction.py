"""Secrets are taken out of all that leaves: what detect-secrets recognises, whole private keys, and our providers' keys."""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib import import_module

from detect_secrets.plugins.base import BasePlugin
from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString, HexHighEntropyString
from detect_secrets.plugins.keyword import KeywordDetector

_PLUGINS = {
    "artifactory": "ArtifactoryDetector",
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "basic_auth": "BasicAuthDetector",
    "cloudant": "CloudantDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "ibm_cloud_iam": "IbmCloudIamDetector",
    "ibm_cos_hmac": "IbmCosHmacDetector",
    "jwt": "JwtTokenDetector",
    "mailchimp": "MailchimpDetector",
    "npm": "NpmDetector",
    "openai": "OpenAIDetector",
    "private_key": "PrivateKeyDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "softlayer": "SoftlayerDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
    "twilio": "TwilioKeyDetector",
}
"""Module and class of each detector that knows a form of secret."""

_KEY_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY[A-Z ]*)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_CODE = re.compile(r"[()\[\]{};&*<>]|->")
_SHORTEST = 4
_AS_CODE = "code.py"
_AS_OTHER_CODE = ("code.c", "code.cpp", "code.go")
_AS_SETTINGS = "settings.yaml"
"""detect-secrets goes by a file's name: values of settings need no quotes, those in code do."""


def redact(text: str, known: Sequence[str] = ()) -> tuple[str, int]:
    """The text without secrets, and how many were taken out. `known` are secrets by their value."""
    count = 0
    for secret in known:
        if secret:
            count += text.count(secret)
            text = text.replace(secret, "[redacted: a key of ours]")
    text, blocks = _KEY_BLOCK.subn("[redacted: private key]", text)
    count += blocks
    lines = []
    for line in text.split("\n"):
        found = _secrets(line)
        for kind, value in found:
            line = line.replace(value, f"[redacted: {kind}]")
        count += len(found)
        lines.append(line)
    return "\n".join(lines), count


@lru_cache(maxsize=65536)
def _secrets(line: str) -> tuple[tuple[str, str], ...]:
    """(kind, value) of each secret in one line, the longest first."""
    if len(line.strip()) < _SHORTEST:
        return ()
    found = set(_found(line))
    return tuple(sorted(found, key=lambda one: (-len(one[1]), one)))


def _found(line: str) -> Iterator[tuple[str, str]]:
    for plugin in _plugins():
        for secret in plugin.analyze_line(filename=_AS_CODE, line=line, line_number=0):
            if secret.secret_value:
                yield secret.type, secret.secret_value
    keyword = KeywordDetector()
    for name in _AS_OTHER_CODE:
        found = keyword.analyze_line(filename=name, line=line, line_number=0)
        yield from ((s.type, s.secret_value) for s in found if s.secret_value and _quoted(s.secret_value, line))
    for secret in keyword.analyze_line(filename=_AS_SETTINGS, line=line, line_number=0):
        if secret.secret_value and not _CODE.search(secret.secret_value):  # a call or a type is no password
            yield secret.type, secret.secret_value


def _quoted(value: str, line: str) -> bool:
    return f'"{value}"' in line or f"'{value}'" in line


@cache
def _plugins() -> tuple[BasePlugin, ...]:
    known = [getattr(import_module(f"detect_secrets.plugins.{module}"), name)() for module, name in _PLUGINS.items()]
    return (*known, KeywordDetector(), Base64HighEntropyString(limit=4.5), HexHighEntropyString(limit=3.0))
