"""What is tried with a target at each stage, as lists of jobs.

The same state gives the same lists, so that a slice can go on in them.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mithridate.hunt.engines.calls import sieve
from mithridate.hunt.engines.calls.ambiguity import ambiguities
from mithridate.hunt.engines.calls.arguments import addressed, runs, shapes, textual
from mithridate.hunt.engines.calls.attack_values import for_parsers
from mithridate.hunt.engines.calls.door import Door, Json, Target
from mithridate.hunt.engines.calls.growth import DEEP_BYTES, PATTERN_BYTES, PROBE_BYTES, probe_call
from mithridate.hunt.engines.calls.samples import SHORT, as_text, fitting
from mithridate.hunt.engines.calls.scalable import Scalable, repeated
from mithridate.hunt.engines.calls.shapes_of_text import behind, binary_nesting, cuts, generic, nesting, of_constants, of_sample
from mithridate.hunt.engines.calls.sieve import Suspicion
from mithridate.hunt.engines.calls.sources import Pattern, Source
from mithridate.hunt.engines.calls.state import Job, Purpose, Stage, Unit
from mithridate.hunt.engines.calls.steps import HARMLESS, OPENING, Call, Place, at, leaves, marked, replaced, with_marks

_TOGETHER = 12
_SMALL_TOGETHER = 24
_BEHIND = 12
_SLOW_TOGETHER = 4
"""Of texts that are known to be slow on a pattern: those that get there use the run up."""
REPEATS = 24
"""Of a text on which time grows exponentially: enough to be noticed, and a run is seldom used up."""
_PLAIN_TEXT = repeated("amber stone quiet river ")
_LEAVES = 3
_KEPT = 2
_OPENED = 2
_STORED = 2
_FILES_OF = ("file", "stored")
"""Arguments that are files, or names of files, with the text in them."""
_MUTATIONS = 8
_MARKED = 12
_AFFIXES = 16
_SHAPES = 600
WORST = "exponential pattern"
_SUSPICIONS = 1500
_FILES = 12
"""Of those that a target entered, the ones whose patterns are tried before all else."""


@dataclass(slots=True)
class Knowledge:
    """What a search works with. `compiled` grows while it runs: by file, (pattern, flags, line) of those seen at run time.

    Ambiguities are found once a pattern; `sieved` says of them which are slow in truth, `paces` from how many repeats on.
    """

    door: Door
    sources: Mapping[str, Source]
    compiled: Mapping[str, Sequence[tuple[str, int, int]]] = field(default_factory=dict)
    sieved: Mapping[str, bool] = field(default_factory=dict)
    paces: Mapping[str, int] = field(default_factory=dict)
    _attacks: dict[tuple[str, int], list[Suspicion]] = field(default_factory=dict)
    _of_pattern: dict[tuple[str, int], list[Scalable]] = field(default_factory=dict)

    def source(self, target: Target) -> Source | None:
        """The file that the target is defined in."""
        return self.sources.get(target.file)

    def suspicions(self, file: str) -> list[Suspicion]:
        """Shapes of text for the ambiguous patterns of a file: those made at run time, then what its source spells out."""
        made = self.compiled.get(file, ())
        known = (file, len(made))
        if known not in self._attacks:
            patterns = [Pattern(text=text, flags=flags, file=file, line=line) for text, flags, line in made]
            patterns += self.sources[file].patterns if file in self.sources else []
            distinct = {(p.text, p.flags): p for p in reversed(patterns[:400])}
            self._attacks[known] = [(p, shape) for p in reversed(distinct.values()) for shape in self._shapes(p)]
        return self._attacks[known]

    def ambiguous(self, file: str) -> list[Scalable]:
        """Of these shapes, the ones that were measured to be slow, a few of each pattern."""
        slow = [one for one in self.suspicions(file) if self.sieved.get(sieve.key(one))]
        of_pattern = Counter[tuple[str, int]]()
        kept: list[Scalable] = []
        for pattern, shape in slow:
            of_pattern[pattern.text, pattern.flags] += 1
            if of_pattern[pattern.text, pattern.flags] <= sieve.ENOUGH:
                kept.append(replace(shape, enough=self.paces.get(sieve.key((pattern, shape)), 0)))
        return kept

    def unmeasured(self, stage: Stage, unit: Unit) -> list[Suspicion]:
        """What is to be measured before that stage of a target is planned."""
        files = self.near(unit)[:_FILES] if stage is Stage.PATTERNS else self.far(unit) if stage is Stage.FOREIGN else []
        found: dict[str, Suspicion] = {}
        slow = Counter[str]()
        looked = 0
        for file in files:
            for one in self.suspicions(file):
                looked += 1
                known = self.sieved.get(name := sieve.key(one))
                slow[one[0].text] += known is True
                if known is None and slow[one[0].text] < sieve.ENOUGH:
                    found[name] = one
            if looked >= _SUSPICIONS:
                break
        return sorted(found.values(), key=lambda one: not one[1].origin.startswith(WORST))

    def _shapes(self, pattern: Pattern) -> list[Scalable]:
        key = (pattern.text, pattern.flags)
        if key not in self._of_pattern:
            self._of_pattern[key] = list(shapes_for(pattern))
        return self._of_pattern[key]

    def words(self, target: Target) -> list[str]:
        """The constants of a program's own file."""
        module = f"/{target.module.replace('.', '/')}"
        ends = (f"{module}.py", f"{module}/__main__.py", f"{module}/__init__.py")
        own = [file for file in self.sources if file == target.file or file.endswith(ends)]
        return [word for file in own for word in self.sources[file].constants]

    def switches(self, target: Target) -> list[str]:
        """What the package asks of a mapping that is called as the one in which the target takes arguments by any name."""
        name = next((p.name for p in target.parameters if p.kind == "var_keyword"), None)
        own = self.source(target)
        files = [*([own] if own else []), *self.sources.values()] if name else []
        return list(dict.fromkeys(key for file in files for key in file.asked.get(name or "", ())))

    def near(self, unit: Unit) -> list[str]:
        """The files that a target's calls entered, its own first."""
        own = self.door.targets[unit.target].file
        return list(dict.fromkeys([*([own] if own else []), *unit.files]))

    def far(self, unit: Unit) -> list[str]:
        """All others with patterns: those of its own package first, by the length of the way that both names share."""
        own, near = self.door.targets[unit.target].file.split("/"), set(self.near(unit))
        others = [file for file in dict.fromkeys([*self.compiled, *self.sources]) if file not in near]
        return sorted(others, key=lambda file: -sum(a == b for a, b in zip(own, file.split("/"), strict=False)))


def shapes_for(pattern: Pattern) -> Iterator[Scalable]:
    """Texts on which a pattern has many ways to fail."""
    known = ambiguities(pattern.text, pattern.flags)
    for ended in (True, False):  # each with what makes the match fail, before any is tried that just ends
        for found in known:
            if ended or found.suffix:
                origin = f"{WORST if found.exponential else 'pattern'} {pattern.file}:{pattern.line}"
                yield repeated(found.pump, found.prefix, found.suffix if ended else "", origin)


def jobs(stage: Stage, unit: Unit, known: Knowledge) -> list[Job]:
    """All jobs of a stage for a target."""
    target = known.door.targets[unit.target]
    source = known.source(target)
    match stage:
        case Stage.SHAPES:
            if target.program:
                tried = runs(target, known.words(target))
            else:
                tried = shapes(target, known.switches(target))
                tried += [one for plain in tried[:1] for one in addressed(target, plain)]
            return [_job(target, Purpose.SHAPES, [with_marks(one) for one in tried])]
        case Stage.SAMPLES:
            return list(_samples(unit, target, known))
        case Stage.PATTERNS:
            nests = [*nesting(), *binary_nesting()]
            deep = _probes(unit, target, nests, DEEP_BYTES)
            found = [shape for file in known.near(unit)[:_FILES] for shape in known.ambiguous(file)]
            worst = [shape for shape in found if shape.origin.startswith(WORST)]
            others = [shape for shape in found if not shape.origin.startswith(WORST)]
            slow = [
                *_probes(unit, target, worst[:_SHAPES], repeats=REPEATS, together=_SLOW_TOGETHER),
                *_probes(unit, target, others[:_SHAPES], PATTERN_BYTES, together=_SLOW_TOGETHER),
                *_probes(unit, target, list(behind(worst[:_BEHIND], target.constants)), repeats=REPEATS),
                *_probes(unit, target, list(behind(others[:_BEHIND], target.constants)), PATTERN_BYTES),
            ]
            return [*slow, *deep, *_probes(unit, target, nests)]
        case Stage.CONSTANTS:
            return list(_constants(unit, target, source))
        case Stage.MARKS:
            return list(_marks(unit, target, source))
        case Stage.HINTED:
            return list(_special(unit, target, hinted=True))
        case Stage.SPECIAL:
            return list(_special(unit, target, hinted=False))
        case Stage.GENERIC:
            own = of_constants([*target.constants, *(source.constants if source else ())][:80])
            return _probes(unit, target, [*generic(), *own])
        case Stage.PARTS:
            return _parts(unit, target)
        case Stage.CUTS:
            return list(_cuts(unit, target))
        case Stage.FOREIGN:
            near = {shape.parts for file in known.near(unit)[:_FILES] for shape in known.ambiguous(file)}
            rest: list[Scalable] = []
            for file in known.far(unit):
                rest += [shape for shape in known.ambiguous(file) if shape.parts not in near]
                if len(rest) >= _SHAPES:
                    break
            return _probes(unit, target, rest[:_SHAPES], PATTERN_BYTES, together=_SLOW_TOGETHER)
        case Stage.MUTATIONS:
            return list(_mutations(unit, target, source))


def places(unit: Unit) -> Iterator[tuple[Call, Place]]:
    """The texts in the best calls of a target that an attacker would choose."""
    seen: set[tuple[Place, str]] = set()
    for kept in unit.kept[:_KEPT]:
        for place in leaves(kept.call)[:_LEAVES]:
            kind = _kind(kept.call, place)
            if (place, kind) not in seen:
                seen.add((place, kind))
                yield kept.call, place


def chosen(unit: Unit) -> list[tuple[Call, Place]]:
    """The places that a stage tries: the first two, and before them those that another text of the call has opened up."""
    opened = [(one.call, place) for one in unit.selected for place in leaves(one.call)[:_LEAVES] if list(place) != one.settled]
    return [*opened[:_OPENED], *list(places(unit))[:2]]


def _documented(unit: Unit) -> list[tuple[Call, Place]]:
    """Where documents are tried: first in files, which hold them as words do not, whichever call got the names of those."""
    tried = chosen(unit)
    files = [(kept.call, place) for kept in unit.kept for place in leaves(kept.call) if _kind(kept.call, place) == "stored"]
    tried += [one for one in files if one not in tried][:_STORED]
    return sorted(tried, key=lambda one: _kind(*one) not in _FILES_OF)


def wants_bytes(call: Call, place: Place) -> bool:
    """The text at that place becomes bytes."""
    return _kind(call, place) in ("bytes", *_FILES_OF)


def _kind(call: Call, place: Place) -> str:
    holder = at(call, place[:-1]) if place and place[-1] == "of" else None
    return str(holder.get("python", "")) if isinstance(holder, dict) else ""


def _samples(unit: Unit, target: Target, known: Knowledge) -> Iterator[Job]:
    source = known.source(target)
    hints = [*unit.compared[:20], *(source.constants[:60] if source else ())]
    chosen = fitting(target, hints)
    for call, place in places(unit):
        values: list[Json] = [sample_value(content, binary=wants_bytes(call, place)) for _, content in chosen]
        values += list(SHORT) + list(unit.compared[:20])
        texts = [v for v in values if v is not None]
        for start in range(0, len(texts), _SMALL_TOGETHER):
            part = texts[start : start + _SMALL_TOGETHER]
            yield _job(target, Purpose.INPUTS, [replaced(call, place, v) for v in part], place, [_plain(v) for v in part])


def sample_value(content: bytes, *, binary: bool) -> Json:
    """A sample as V; None when it cannot be a text."""
    text = as_text(content)
    if text is not None:
        return text
    return {"make": "bytes", "latin1": content.decode("latin-1")} if binary else None


def _constants(unit: Unit, target: Target, source: Source | None) -> Iterator[Job]:
    texts = list(dict.fromkeys([*target.constants, *unit.compared, *(source.constants if source else ())]))[:300]
    for call, place in list(places(unit))[:2]:
        for start in range(0, len(texts), _SMALL_TOGETHER):
            part = texts[start : start + _SMALL_TOGETHER]
            yield _job(target, Purpose.INPUTS, [replaced(call, place, t) for t in part], place, [_plain(t) for t in part])


def _marks(unit: Unit, target: Target, source: Source | None) -> Iterator[Job]:
    """Inputs that reached something, with marks in what of them is a plain word, and in all other arguments; optional ones too.

    What one argument must look like for another to get to a sink is known only now.
    """
    calls: list[Call] = []
    for place, text in unit.inputs[-_MARKED:]:
        call = next((k.call for k in unit.kept if tuple(place) in leaves(k.call)), None)
        if call is None:
            continue
        filled = replaced(call, tuple(place), text.replace(HARMLESS, marked(HARMLESS), 1))
        calls.append(with_marks(filled, but=tuple(place)))
        for parameter in [] if target.program else textual(target)[:4]:
            if parameter.name not in call["kwargs"] and len(call["args"]) <= len([p for p in target.parameters if p.required]):
                calls.append({**calls[-1], "kwargs": {parameter.name: marked(HARMLESS)}})
    calls += [with_marks(one.call, but=tuple(one.settled)) for one in unit.selected]
    words = list(dict.fromkeys([*target.constants, *unit.compared, *(source.constants if source else ())]))[:_AFFIXES]
    for call, leaf in list(places(unit))[:2]:  # what decides by a word in its argument
        if isinstance(at(call, leaf), str):
            for word in words:
                calls += [with_marks(replaced(call, leaf, text)) for text in (marked(HARMLESS) + word, word + marked(HARMLESS))]
    for start in range(0, len(calls), _TOGETHER):
        yield _job(target, Purpose.MARKS, calls[start : start + _TOGETHER])


def _special(unit: Unit, target: Target, *, hinted: bool) -> Iterator[Job]:
    """Documents of languages: early on those of which the target's words speak, later the others."""
    hints = [target.name, target.doc, *target.constants[:40], *unit.compared[:40], *unit.raised[:8]]
    for call, place in _documented(unit):
        for twin in for_parsers(hints, file=target.program or _kind(call, place) in _FILES_OF, hinted=hinted):
            attack, control = replaced(call, place, twin.attack), replaced(call, place, twin.control)
            yield Job(
                target=target.name,
                purpose=Purpose.SPECIAL,
                calls=[attack],
                control=[control],
                place=list(place),
                witness="special",
            )


def _probes(
    unit: Unit,
    target: Target,
    shapes_of: Sequence[Scalable],
    size: int = PROBE_BYTES,
    *,
    repeats: int = 0,
    together: int = _TOGETHER,
) -> list[Job]:
    """Each shape in that size, or so many times repeated, in each place. Where all may be slow, plain text is among them."""
    made: list[Job] = []
    distinct = list({shape.parts: shape for shape in shapes_of}.values())
    for call, place in chosen(unit):
        fit = [shape for shape in distinct if not shape.binary or wants_bytes(call, place)]
        for start in range(0, len(fit), together):
            part = [*([_PLAIN_TEXT] if together == _SLOW_TOGETHER else []), *fit[start : start + together]]
            sizes = [shape.fixed + shape.unit * (shape.enough or repeats) if shape.enough or repeats else size for shape in part]
            probes = [probe_call(call, place, shape, bytes_) for shape, bytes_ in zip(part, sizes, strict=True)]
            texts = [(list(shape.parts), times) for shape, (_, times) in zip(part, probes, strict=True)]
            made.append(_job(target, Purpose.PROBE, [c for c, _ in probes], place, texts))
    return made


def _parts(unit: Unit, target: Target) -> list[Job]:
    """Shapes made of the inputs that reached most, each in the place where it was put."""
    made: list[Job] = []
    for place, text in unit.inputs[-6:]:
        call = next((k.call for k in unit.kept if tuple(place) in leaves(k.call)), None)
        if call is not None:
            shapes_of = list(of_sample(text))
            for start in range(0, len(shapes_of), _TOGETHER):
                part = shapes_of[start : start + _TOGETHER]
                probes = [probe_call(call, tuple(place), shape) for shape in part]
                texts = [(list(s.parts), times) for s, (_, times) in zip(part, probes, strict=True)]
                made.append(_job(target, Purpose.PROBE, [c for c, _ in probes], tuple(place), texts))
    return made


def _cuts(unit: Unit, target: Target) -> Iterator[Job]:
    for place, text in unit.inputs[-6:]:
        call = next((k.call for k in unit.kept if tuple(place) in leaves(k.call)), None)
        if call is None:
            continue
        texts = list(cuts(text))
        for start in range(0, len(texts), _SMALL_TOGETHER):
            part = texts[start : start + _SMALL_TOGETHER]
            yield _job(
                target, Purpose.INPUTS, [replaced(call, tuple(place), t) for t in part], tuple(place), [_plain(t) for t in part]
            )


def _mutations(unit: Unit, target: Target, source: Source | None) -> Iterator[Job]:
    """Inputs that reached something, with a package's own short texts put in, parts left out, doubled or moved."""
    draw = random.Random(f"{target.name}:{unit.rounds}")
    words = [*unit.compared, *target.constants, *(source.constants[:120] if source else ())] or ["a"]
    for place, text in unit.inputs[-8:]:
        call = next((k.call for k in unit.kept if tuple(place) in leaves(k.call)), None)
        if call is None:
            continue
        for _ in range(_MUTATIONS):
            part = [mutated(text, words, draw) for _ in range(_SMALL_TOGETHER)]
            yield _job(
                target, Purpose.INPUTS, [replaced(call, tuple(place), t) for t in part], tuple(place), [_plain(t) for t in part]
            )


def mutated(text: str, words: Sequence[str], draw: random.Random) -> str:
    """A few random changes."""
    for _ in range(draw.randint(1, 4)):
        cut = draw.randint(0, len(text))
        end = min(len(text), cut + draw.randint(1, 12))
        match draw.randint(0, 4):
            case 0:
                text = text[:cut] + draw.choice(words) + text[cut:]
            case 1:
                text = text[:cut] + text[end:]
            case 2:
                text = text[:end] + text[cut:end] + text[end:]
            case 3:
                text = text[:cut] + draw.choice(words) + text[end:]
            case _:
                text = text[:cut] + draw.choice("()[]{}<>\"'`*_#-+=:;,.\\/\n\t %&@|~!?0a") + text[cut:]
    return text[:8000]


def _plain(value: Json) -> tuple[list[tuple[str, bool]], int]:
    return ([(value if isinstance(value, str) else "", False)], 1)


def _job(
    target: Target,
    purpose: Purpose,
    calls: Sequence[Call],
    place: Place = (),
    texts: Sequence[tuple[list[tuple[str, bool]], int]] = (),
) -> Job:
    return Job(target=target.name, purpose=purpose, calls=list(calls), place=list(place), texts=list(texts))


def attacked_leaf(call: Call) -> list[tuple[int, Place]]:
    """The leaves that are marked, by the number of their mark."""
    return [(number, place) for number, place in enumerate(leaves(call)) if OPENING in str(at(call, place))]
