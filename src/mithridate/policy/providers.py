"""The owner's list of models: who runs them, where, what each may see, what it costs, and who is asked first.

A TOML file that lies with the owner, never in the tree that is analysed: `MITHRIDATE_MODELS`, `--models`, or `models.toml` in the
data directory. Keys are in environment variables that it names. docs/models.md describes it.
"""

import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mithridate.model.errors import PolicyRefusal, UsageError
from mithridate.model.exchange import DataClass, Role

MODELS_FILE = "models.toml"
"""The file's name in the data directory."""

_LARGEST_BYTES = 64 << 10
_NEEDS_ADDRESS = frozenset({"openai-compatible", "azure"})
_NEEDS_KEY = frozenset({"anthropic", "openai", "mistral", "google", "azure", "bedrock"})
SENDS_KEY_OF_EXCHANGE = frozenset({"openai-compatible", "openai", "azure", "anthropic"})
"""Kinds whose requests carry an Idempotency-Key."""
_ADDRESSES = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "mistral": "https://api.mistral.ai",
    "google": "https://generativelanguage.googleapis.com",
}
"""Where a kind is spoken to unless the list says otherwise: never what the environment says."""
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_KEY = re.compile(r"[\x21-\x7e]+")
_LONG_PART = 8
_Positive = Annotated[float, Field(gt=0)]
_Euros = Annotated[float, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Budget(_Table):
    """Limits: euros, tokens (in and out), exchanges, and seconds of waiting for answers. None is no limit."""

    eur: _Euros | None = None
    tokens: int | None = Field(default=None, ge=0)
    calls: int | None = Field(default=None, ge=0)
    seconds: _Euros | None = None


class Provider(_Table):
    """One model at one provider. `may_see` is the most that it is ever shown; what it is shown is for the scope to say.

    `address` is the base of its API, the kind's own when it is empty; `region` is Bedrock's. `key_env` names the environment
    variable with the key.
    Prices are euros for a million tokens. `idempotent`: a repeated request with the same Idempotency-Key costs nothing there.
    """

    kind: Literal["openai-compatible", "openai", "anthropic", "mistral", "google", "azure", "bedrock"]
    model: str = Field(min_length=1)
    operator: str = Field(min_length=1)
    jurisdiction: str = Field(min_length=1)
    retention: str = Field(min_length=1)
    may_see: frozenset[DataClass]
    address: str = ""
    region: str = ""
    api_version: str = ""
    key_env: str = ""
    proxy: str = ""
    eur_per_million_input: _Euros
    eur_per_million_output: _Euros
    timeout_s: _Positive = 120.0
    max_tokens: int = Field(default=4096, gt=0)
    largest_answer_bytes: int = Field(default=2 << 20, gt=0)
    stream: bool = False
    idempotent: bool = False
    budget: Budget = Budget()

    @model_validator(mode="after")
    def _whole(self) -> "Provider":
        if self.kind in _NEEDS_ADDRESS and not self.address:
            raise ValueError(f"a provider of the kind {self.kind} needs an `address`")
        if self.kind in _NEEDS_KEY and not self.key_env:
            raise ValueError(f"a provider of the kind {self.kind} needs `key_env`, the name of a variable with its key")
        if self.address:
            _require_base("address", self.address)
            parts = urlsplit(self.address)
            if "@" in parts.netloc:
                raise ValueError("`address` holds a user name or a password: a key belongs into what `key_env` names")
            if parts.query or parts.fragment:
                raise ValueError("`address` is the base of an API, without ? and #")
        if self.proxy:
            _require_base("proxy", self.proxy)
        if self.kind == "bedrock" and not _REGION.fullmatch(self.region):
            raise ValueError("a provider of the kind bedrock needs a `region`, such as eu-west-1")
        if self.kind == "azure" and _versioned(self.address) == bool(self.api_version):
            needs = "takes no" if self.api_version else "needs an"
            raise ValueError(f"a provider of the kind azure with this address {needs} `api_version`")
        if self.idempotent and self.kind not in SENDS_KEY_OF_EXCHANGE:
            raise ValueError(f"a provider of the kind {self.kind} is sent no Idempotency-Key: `idempotent` cannot be true")
        if self.key_env and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.key_env):
            raise ValueError("`key_env` is the name of an environment variable, never the key itself")
        return self

    @property
    def base(self) -> str:
        """The base of the API: all that is sent goes there."""
        if self.kind == "bedrock" and not self.address:
            china = ".cn" if self.region.startswith("cn-") else ""
            return f"https://bedrock-runtime.{self.region}.amazonaws.com{china}"
        return self.address or _ADDRESSES[self.kind]

    def key(self) -> str:
        """The key from the environment, "" where none is needed. PolicyRefusal when the variable holds none."""
        if not self.key_env:
            return ""
        value = os.environ.get(self.key_env, "").strip()
        if not value:
            raise PolicyRefusal(f"the environment variable {self.key_env} is not set")
        if not _KEY.fullmatch(value):
            raise PolicyRefusal(f"the environment variable {self.key_env} holds no key: it has spaces, or what is not ASCII")
        if self.kind == "bedrock" and not all(value.partition(":")[::2]):
            raise PolicyRefusal(f"the environment variable {self.key_env} does not hold `id:secret`")
        return value

    def eur(self, input_tokens: int, output_tokens: int) -> float:
        """What so many tokens cost, in euros."""
        return (input_tokens * self.eur_per_million_input + output_tokens * self.eur_per_million_output) / 1e6

    @property
    def free(self) -> bool:
        """Asking twice costs nothing."""
        return self.eur_per_million_input == 0 and self.eur_per_million_output == 0


class RoleTable(_Table):
    """How one role works: which providers it asks and in what order (None: the common one), and its budget."""

    providers: tuple[Name, ...] | None = None
    budget: Budget = Budget()


class Models(_Table):
    """The whole file. `roles` are those that work; `rounds` bounds the exchanges of one conversation."""

    version: Literal[1] = 1
    order: tuple[Name, ...] = Field(min_length=1)
    roles: tuple[Role, ...] = tuple(Role)
    rounds: int = Field(default=12, gt=0, le=100)
    files: int = Field(default=12, gt=0, le=1000)
    patch_rounds: int = Field(default=4, gt=0, le=20)
    budget: Budget = Budget()
    provider: dict[Name, Provider] = Field(min_length=1)
    role: dict[Role, RoleTable] = {}

    @model_validator(mode="after")
    def _known(self) -> "Models":
        named = [*self.order, *(name for table in self.role.values() for name in table.providers or ())]
        for name in named:
            if name not in self.provider:
                raise ValueError(f"there is no [provider.{name}]")
        return self

    def order_for(self, role: Role) -> tuple[str, ...]:
        """The names of the providers that a role asks, the preferred one first."""
        chosen = self.role.get(role, RoleTable()).providers
        return self.order if chosen is None else chosen

    def works(self, role: Role) -> bool:
        """True when the role is wanted."""
        return role in self.roles

    def secrets(self) -> tuple[str, ...]:
        """The keys of all providers as far as they are set, and the long parts of those that have parts: never to be sent."""
        return secrets(os.environ.get(entry.key_env, "").strip() for entry in self.provider.values() if entry.key_env)


def secrets(keys: Iterable[str]) -> tuple[str, ...]:
    """What must not be told of keys: they themselves and their long parts, the longest first."""
    whole = [key for key in keys if key]
    parts = [part for key in whole for part in key.split(":") if len(part) >= _LONG_PART]
    return tuple(sorted({*whole, *parts}, key=lambda one: (-len(one), one)))


def _require_base(word: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(f"`{word}` must begin with http:// or https:// and name a host")


def _versioned(address: str) -> bool:
    """True for the addresses of Azure that have the version in their path."""
    return address.rstrip("/").endswith("/v1") or (urlsplit(address).hostname or "").endswith(".models.ai.azure.com")


def read(text: str, file: str) -> Models:
    """The models of a configuration. UsageError names what is wrong and where."""
    try:
        return Models.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: {str(error)[:1].lower()}{str(error)[1:]}", hint=_HINT) from error
    except RecursionError as error:
        raise UsageError(f"{file}: values are nested too deeply", hint=_HINT) from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(f"{file}: `{where}`: {first['msg'].removeprefix('Value error, ')}", hint=_HINT) from error


def load(file: Path) -> str:
    """The text of a configuration that is known to be one. UsageError when it cannot be read or is none."""
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise UsageError(f"the models in {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the models in {file} are not UTF-8 text") from error
    if len(content) > _LARGEST_BYTES:
        raise UsageError(f"the models in {file} are more than {_LARGEST_BYTES >> 10} KiB")
    read(text, str(file))
    return text


_HINT = "docs/models.md describes the file"
