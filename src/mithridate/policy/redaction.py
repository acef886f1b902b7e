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
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----")
_AT = r"^(?P<before>\s*+(?:[^\s:]{1,200}+:)?\s*+(?:\d{1,9}:)?\s*+[\"']?)"
"""What a tool of ours sets before a line (its file and number), and a quote."""
_KEY_LINE = re.compile(_AT + r"(?P<value>[A-Za-z0-9+/]{2,}={0,2})(?:\\[rn])*[\"']?[\s\\;,+)]*$")
_KEY_HEAD = re.compile(_AT + r"(?:Proc-Type|DEK-Info):")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{48}")
_BARE = 48
"""Characters of base64 alone on a line that are taken for a key."""
_DEFINED = re.compile(
    r"#\s*define\s+(?:\w*_)?(?:(?:API|ACCESS|AUTH|PRIVATE|SECRET|SIGNING|MASTER|ENCRYPTION)_?KEY|PASSWORD|PASSWD|PASSPHRASE|PWD|"
    r"SECRET|TOKEN|CREDENTIALS?)(?:_\w*|\d*)\s+L?(?:\"(?P<quoted>[^\"]{3,})\"|(?P<bare>[A-Za-z0-9+/_=-]{16,})\s*$)",
    re.IGNORECASE,
)
_LONGEST_LINE = 4096
"""Detectors take the square of a line's length, and a longer line is no code that anybody reads."""
_WIDE = re.compile(" {9,}|\\w{201,}")
"""Detectors take the cube of spaces that stand side by side, and of a word that is made of the names of secrets."""
_LONG_WORD = re.compile(r"\w{201}")
_CODE = re.compile(r"[()\[\]{};&*<>]|->")
_SHORTEST = 4
_AS_CODE = "code.py"
_AS_OTHER_CODE = ("code.c", "code.cpp", "code.go")
_AS_SETTINGS = "settings.yaml"
"""detect-secrets goes by a file's name: values of settings need no quotes, those in code do."""


def redact(text: str, known: Sequence[str] = ()) -> tuple[str, int]:
    """The text without secrets, and how many were taken out; it has as many lines as before. `known` are secrets by their value.

    A line of more than 4 KiB is left out whole.
    """
    count = 0
    for secret in known:
        if secret:
            count += text.count(secret)
            text = text.replace(secret, "[redacted: a key of ours]")
    text, blocks = without_keys(text)
    count += blocks
    lines = []
    for line in text.split("\n"):
        if len(line) > _LONGEST_LINE:
            lines.append(f"[left out: a line of {len(line)} characters]")
            continue
        found = _secrets(_WIDE.sub(lambda wide: wide[0][:8] if wide[0].isspace() else wide[0][:200], line))
        if any(value not in line for _, value in found) or (found and _LONG_WORD.search(line)):
            line = f"[redacted: {found[0][0]}]"  # what was found in a part may go on behind it
        for kind, value in found:
            line = line.replace(value, f"[redacted: {kind}]")
        count += len(found)
        lines.append(line)
    return "\n".join(lines), count


def without_keys(text: str) -> tuple[str, int]:
    """The text without private keys, and how many pieces of them were taken out. To be asked of whole files, before they are cut:
    a line of a key does not tell that it is one. Lines stay where they are.

    A key that has lost its beginning goes from its end backwards, and lines of nothing but base64 go wherever they are.
    """
    text, count = _KEY_BLOCK.subn(lambda found: "[redacted: private key]" + "\n" * found[0].count("\n"), text)
    if not _KEY_ENDS.search(text) and not _BASE64.search(text):
        return text, count
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if _KEY_ENDS.search(line):
            count += 1
            for above in range(number, -1, -1):
                bare = _KEY_LINE.match(lines[above])
                if above != number and bare is None and not _KEY_HEAD.match(lines[above]) and lines[above].strip(" \t\r\"'"):
                    break
                before = bare["before"] if bare else ""
                lines[above] = f"{before}[redacted: private key]" if lines[above].strip() else lines[above]
        elif (found := _KEY_LINE.match(line)) is not None and _random(found["value"]):
            count += 1
            lines[number] = found["before"] + "[redacted: base64]" + line[found.end("value") :]
    return "\n".join(lines), count


def _random(value: str) -> bool:
    """Base64 of some length has letters of both cases, and digits or signs."""
    return len(value) >= _BARE and all(re.search(one, value) for one in ("[a-z]", "[A-Z]", "[0-9+/]"))


@lru_cache(maxsize=65536)
def _secrets(line: str) -> tuple[tuple[str, str], ...]:
    """(kind, value) of each secret in one line, the longest first."""
    if len(line.strip()) < _SHORTEST:
        return ()
    found = set(_found(line))
    return tuple(sorted(found, key=lambda one: (-len(one[1]), one)))


def _found(line: str) -> Iterator[tuple[str, str]]:
    if (defined := _DEFINED.search(line)) is not None:
        value = defined["quoted"] or defined["bare"]
        if defined["quoted"] or (re.search("[0-9]", value) and re.search("[A-Za-z]", value)):
            yield "Secret Keyword", value
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
