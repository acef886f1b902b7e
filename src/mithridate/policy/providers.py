"""The owner's list of models: who runs them, where, what each may see, what it costs, and who is asked first.

A TOML file that lies with the owner, never in the tree that is analysed: `MITHRIDATE_MODELS`, `--models`, or `models.toml` in the
data directory. Keys are in environment variables that it names. docs/models.md describes it.
"""

import os
import re
import tomllib
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
_NEEDS_KEY = frozenset({"anthropic", "openai", "mistral", "google", "azure"})
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

    `address` is the base of its API; `region` is Bedrock's. `key_env` names the environment variable with the key.
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
        if self.address and urlsplit(self.address).scheme not in {"http", "https"}:
            raise ValueError("`address` must begin with http:// or https://")
        if self.key_env and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.key_env):
            raise ValueError("`key_env` is the name of an environment variable, never the key itself")
        return self

    def key(self) -> str:
        """The key from the environment, "" where none is needed. PolicyRefusal when the variable is not set."""
        if not self.key_env:
            return ""
        value = os.environ.get(self.key_env, "")
        if not value:
            raise PolicyRefusal(f"the environment variable {self.key_env} is not set")
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
