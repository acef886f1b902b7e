"""The packs that a question is asked with, together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from mithridate.estate.rules.linter import lint
from mithridate.estate.rules.parser import LARGEST_PACK, parse
from mithridate.estate.rules.terms import Assume, Fix, Pack, Predicate, Rule
from mithridate.model.errors import UsageError

_PACKS = "mithridate.estate.packs"
_SUFFIX = ".rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebase:
    """Declarations, rules, assumptions and fixes of all packs; checked, so that grounding need not."""

    packs: tuple[Pack, ...]
    predicates: Mapping[str, Predicate]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all packs, in their order."""
        return tuple(rule for pack in self.packs for rule in pack.rules)

    @property
    def assumes(self) -> tuple[Assume, ...]:
        """What may be assumed."""
        return tuple(assume for pack in self.packs for assume in pack.assumes)

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """What a defender can do."""
        return tuple(fix for pack in self.packs for fix in pack.fixes)


def own_packs() -> tuple[str, ...]:
    """The names of the packs that come with us."""
    folder = resources.files(_PACKS)
    return tuple(sorted(f.name.removesuffix(_SUFFIX) for f in folder.iterdir() if f.name.endswith(_SUFFIX)))


def own_pack(name: str) -> Pack:
    """One of the packs that come with us. UsageError for a name that is none."""
    if name not in own_packs():
        raise UsageError(f"there is no rule pack {name}", hint=f"there are: {', '.join(own_packs())}")
    return parse(resources.files(_PACKS).joinpath(name + _SUFFIX).read_text(encoding="utf-8"), name + _SUFFIX)


def read_pack(path: Path) -> Pack:
    """A pack of the user's. UsageError for a file that cannot be read or is no text."""
    try:
        with path.open("rb") as file:
            text = file.read(4 * LARGEST_PACK).decode()
    except OSError as error:
        raise UsageError(f"the rule pack {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"the rule pack {path} is not UTF-8 text") from None
    return parse(text, str(path))


def rulebase(packs: Iterable[Pack]) -> Rulebase:
    """The packs together. UsageError tells the first serious mistake and how many more there are."""
    packs = tuple(packs)
    serious = [m for m in lint(packs) if m.serious]
    if serious:
        more = f" (and {len(serious) - 1} more)" if len(serious) > 1 else ""
        raise UsageError(f"{serious[0]}{more}", hint="mithridate rules check FILE lists all")
    predicates: dict[str, Predicate] = {}
    for predicate in (p for pack in packs for p in pack.predicates):
        predicates.setdefault(predicate.name, predicate)
    return Rulebase(packs=packs, predicates=predicates)
