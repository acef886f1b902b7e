"""report.md: the run on one readable page, for tickets, mails and pull requests.

Text of the project is written so that no Markdown reader makes a link, an image, HTML or a table of it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from mithridate import __version__
from mithridate.model.finding import Finding, Flaky, Proof
from mithridate.model.run import EntryReport, RunReport
from mithridate.model.violation import Frame
from mithridate.report import hexdump, words
from mithridate.report.places import Origin, bundle_path, frame_place, lines_of, place_of
from mithridate.report.shown_input import shown_input
from mithridate.report.shown_patch import OUTCOMES, STEPS, shown_patch
from mithridate.report.visible import shorten, visible

_AROUND = 4
_FRAMES = 20
_DUMPED = 256
"""Bytes of an input shown; the bundle has all."""

_BLOCK_LINES = 120
_LONGEST_TEXT = 1000
_LONGEST_LINE = 200
_SPECIAL = re.compile(r"([\\`*\[\]<>#|~&$@]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.|^[-+=])")
"""What Markdown would act on; an underscore inside a word, brackets round a remark and the like stay readable."""

_CODE = re.compile(r"`([^`\n]+)`")
_TICKS = re.compile("`+")


class MarkdownWriter:
    """Writes report.md."""

    name: str = "md"
    filename: str = "report.md"

    def render(self, report: RunReport) -> str:
        """The page, in CommonMark with tables."""
        return "\n".join(_page(report)).rstrip() + "\n"


def _page(report: RunReport) -> Iterator[str]:
    findings, facts = words.proved(report), words.observed(report)
    yield from (f"# {plain(report.project_name)}: {words.count(len(findings), 'flaw')} proved", "")
    yield from (_verdict(report), "")
    if findings:
        yield from _overview(report, findings)
        for number, finding in enumerate(findings, start=1):
            yield from _finding(report, number, finding)
    if facts:
        yield from _facts(report, facts)
    if report.flaky:
        yield from _flaky(report.flaky)
    if report.leads:
        yield from _leads(report)
    yield from _entry_points(report.entry_points)
    yield from _techniques(report)
    if report.models:
        yield from _models(report)
    if report.skipped:
        yield from ("## Not examined", "")
        yield from (f"- {code(s.what)}: {prose(s.reason)}" for s in report.skipped)
        yield ""
    yield from _run(report)


def _verdict(report: RunReport) -> str:
    if not report.proved:
        return (
            "No input made a violation happen in every replay. That is a result of this search, "
            "not a statement that the code is free of flaws: see what may be left below."
        )
    fired, replays = words.replays_total(report)
    counts = ", ".join(f"{n} {rating}" for rating, n in words.ratings_count(report).items() if n)
    return f"Severity: {counts}. {fired} of {replays} replays fired, each in a fresh sandbox."


def _overview(report: RunReport, findings: Sequence[Finding]) -> Iterator[str]:
    yield from ("| Severity | Finding | Place | Control | Proof |", "|---|---|---|---|---|")
    for f in findings:
        proof = bundle_path(report, f.proofs[0])
        yield (
            f"| {_severity(f)} | {plain(f.title)} | {_place(f.file, f.line)} | {int(f.control.tier)} of 5 | "
            f"{code(proof) if proof else 'none'} |"
        )
    yield ""


def _severity(finding: Finding) -> str:
    return f"{words.rating(finding.severity.cvss).capitalize()} {finding.severity.cvss:.1f}"


def _finding(report: RunReport, number: int, finding: Finding) -> Iterator[str]:
    lead, bundle = finding.proofs[0], bundle_path(report, finding.proofs[0])
    yield from (f"## {number}. {plain(finding.title)}", "")
    weakness = f"CWE-{finding.cwe} {plain(finding.cwe_name)}"
    yield f"**{_severity(finding)}** · {weakness} · {_place(finding.file, finding.line)} · {code(finding.id)}"
    yield from ("", prose(finding.explanation), "")
    if finding.id in report.prose:
        yield from (f"In the words of a model that was given the record: {plain(report.prose[finding.id])}", "")
    if finding.symptoms:
        also = (f"{plain(s.title)} ({_place(s.file, s.line)}, {code(s.id)})" for s in finding.symptoms)
        yield from (f"Also silenced by its patch, and so the same root cause: {'; '.join(also)}.", "")
    yield from _excerpt(report, finding)
    tier, (name, _), changed = finding.control.tier, *_measured(finding)
    yield f"**Control: tier {int(tier)} of 5, {name.lower()}** (from {changed})"
    yield from ("", *(f"- {prose(e)}" for e in finding.control.evidence), "")
    how = f"an input of {words.size(lead.size)}, found by {plain(lead.engine)} through {code(lead.entry_id)}"
    yield from (f"**Proof:** {lead.fired} of {lead.replays} replays fired; {how}.", "")
    yield from (f"- {plain(c.name)} ({words.size(c.size)}): {'fired as well' if c.fired else 'silent'}" for c in lead.controls)
    if bundle:
        yield from ("", *fenced([f"mithridate prove {bundle}"]))
    yield from _patch(report, finding)
    yield from _input(report, lead)
    for name, frames in (
        ("Stack", lead.violation.frames),
        ("Allocated at", lead.violation.allocation),
        ("Released at", lead.violation.deallocation),
    ):
        if frames:
            yield from ("", f"**{name}**", "", *fenced(_frames(frames)))
    data = report.inputs.get(lead.blob)
    if data is not None and shown_input(report, lead) is None:
        left = f"… {words.count(lead.size - _DUMPED, 'more byte')}" if lead.size > _DUMPED else ""
        yield from ("", "**Minimised input**", "", *fenced([*hexdump.plain(data[:_DUMPED]).split("\n"), left]))
    yield from ("", f"**CVSS 4.0** {code(finding.severity.vector)}", "")
    for metric in finding.severity.metrics:
        name, value = words.metric_words(metric)
        yield f"- {plain(name)}: {plain(value)}. {prose(metric.why)}"
    yield ""


def _patch(report: RunReport, finding: Finding) -> Iterator[str]:
    """The best patch with the gate's record."""
    repair = shown_patch(report, finding.id)
    if repair is None:
        return
    patch = repair.patch
    yield from ("", f"**Patch** ({repair.status.lower()})", "", prose(f"{patch.proposal.cause} {patch.proposal.fix}"), "")
    yield from fenced(_block(patch.proposal.diff), keep_empty=True)
    yield ""
    for record in patch.gate:
        yield f"- {STEPS[record.step]} ({OUTCOMES[record.outcome]}): {prose('; '.join(record.evidence))}"
    if patch.test is not None:
        yield from ("", f"Regression test: {prose('; '.join(patch.test.evidence))}")


def _measured(finding: Finding) -> tuple[tuple[str, str], str]:
    lead = finding.proofs[0].violation
    return words.tier_words(finding.control, lead), words.measured(finding.control, lead)


def _input(report: RunReport, proof: Proof) -> Iterator[str]:
    """An input that can be read, and the test that sends it."""
    shown = shown_input(report, proof)
    if shown is None:
        return
    yield from ("", f"**{shown.title}**", "", *fenced(_block(shown.text), keep_empty=True))
    if shown.carried:
        yield from ("", *(f"- {section} {code(name)}: {code(value)}" for section, name, value in shown.carried))
    if shown.legend:
        yield from ("", prose(shown.legend))
    if shown.test:
        yield from ("", "**As a test** (pytest)", "", *fenced(_block(shown.test), keep_empty=True))


def _block(text: str) -> list[str]:
    lines = text.rstrip("\n").split("\n")
    rest = len(lines) - _BLOCK_LINES
    shown = [shorten(line, _LONGEST_TEXT) for line in lines[:_BLOCK_LINES]]
    return [*shown, f"… {words.count(rest, 'more line')}"] if rest > 0 else shown


def _facts(report: RunReport, facts: Sequence[Finding]) -> Iterator[str]:
    """Told apart from what is proved: a line or two each."""
    yield from (
        "## Observed facts",
        "",
        "Weak practices seen executed where an outsider reaches them. Not proved flaws, and not counted above.",
        "",
    )
    for fact in facts:
        bundle = bundle_path(report, fact.proofs[0])
        yield f"- **{plain(fact.title)}** · CWE-{fact.cwe} · {_place(fact.file, fact.line)} · {code(fact.id)}"
        yield f"  {prose(fact.explanation)}" + (f" Replay: {code(f'mithridate prove {bundle}')}" if bundle else "")
    yield ""


def _excerpt(report: RunReport, finding: Finding) -> Iterator[str]:
    known = lines_of(report.sources, finding.file)
    numbers = sorted(n for n in known if abs(n - finding.line) <= _AROUND)
    if numbers:
        shown = (f"{'>' if n == finding.line else ' '} {n:>5}  {shorten(known[n].rstrip(), _LONGEST_LINE)}" for n in numbers)
        yield from (*fenced(shown), "")


def _frames(frames: Sequence[Frame]) -> Iterator[str]:
    for index, frame in enumerate(frames[:_FRAMES]):
        place = frame_place(frame)
        where = f"  {place.path}:{frame.line}" if place.path else ""
        yield f"{' ' if place.origin is Origin.SYSTEM else '>'} #{index:<3} {shorten(frame.function, _LONGEST_LINE)}{where}"
    if len(frames) > _FRAMES:
        yield f"  … {words.count(len(frames) - _FRAMES, 'more frame')}"


def _flaky(flaky: Iterable[Flaky]) -> Iterator[str]:
    yield from ("## Candidates that did not fire every time", "", "Not proofs, and not counted above.", "")
    for candidate in flaky:
        at = candidate.violation.place
        where = f" at {_place(at.file, at.line)}" if at else ""
        why = f": {prose(candidate.why)}" if candidate.why else ""
        rate, through = f"{candidate.fired} of {candidate.replays}", code(candidate.entry_id)
        yield f"- {rate}: {candidate.violation.kind.value}{where}, through {through}{why}"
    yield ""


def _entry_points(entries: Iterable[EntryReport]) -> Iterator[str]:
    yield from ("## Entry points", "", "| Entry point | Kind | Engines | Executions | Coverage | Corpus | What may be left |")
    yield "|---|---|---|---|---|---|---|"
    for entry in entries:
        share = words.coverage(entry)
        covered = "not measured" if share is None else f"{words.percent(share)} of {words.count(entry.edges, 'edge')}"
        engines = ", ".join(plain(t.engine) for t in entry.engines) or "none ran"
        left = f"{words.residual_headline(entry.residual)}. {words.residual_sentence(entry.residual)}"
        yield (
            f"| {code(entry.id)} | {words.KINDS[entry.kind]} | {engines} | {words.number(entry.executions)} | {covered} | "
            f"{words.number(entry.corpus_units)} | {left} |"
        )
    yield ""


def _leads(report: RunReport) -> Iterator[str]:
    yield from ("## Leads", "", "Suspicions, and what was learnt about them. None of them is a finding.", "")
    yield from ("| Verdict | Place | Claim | Source | Evidence |", "|---|---|---|---|---|")
    for lead in report.leads:
        place = _place(lead.file, lead.line)
        yield f"| {lead.verdict} | {place} | {plain(lead.claim)} | {plain(lead.source)} | {plain(lead.evidence)} |"
    yield ""


def _techniques(report: RunReport) -> Iterator[str]:
    """What each engine and model found, alone too, and at what cost."""
    used = words.techniques(report)
    if not used:
        return
    yield from ("## What found it", "", "| Technique | Findings | Found by nothing else | CPU time | EUR at most |")
    yield "|---|---:|---:|---:|---:|"
    for one in used:
        yield f"| {plain(one.name)} | {one.findings} | {one.alone} | {words.duration(one.cpu_s)} | {one.eur:.4f} |"
    yield ""


def _models(report: RunReport) -> Iterator[str]:
    yield from ("## What models cost", "", "| Role | Provider | Exchanges | Tokens | EUR at most |", "|---|---|---|---:|---:|")
    for use in report.models:
        ended = ", ".join(f"{count} {plain(outcome)}" for outcome, count in use.outcomes.items())
        tokens = words.number(use.input_tokens + use.output_tokens)
        yield f"| {plain(use.role)} | {plain(use.provider)} | {ended} | {tokens} | {use.eur:.4f} |"
    yield ""


def _run(report: RunReport) -> Iterator[str]:
    cost = report.cost
    tools = ", ".join(f"{plain(name)} {plain(report.toolchain[name])}" for name in sorted(report.toolchain))
    yield from ("## Run", "")
    yield f"- Run {code(report.run)}, started {plain(report.started)}, on snapshot {code(report.snapshot)}"
    yield f"- {words.count(report.files, 'file')}, {words.size(report.size_bytes)}, from {code(report.project_origin)}"
    times = f"{words.duration(cost.wall_s)} of wall time, {words.duration(cost.cpu_s)} of CPU time"
    yield f"- {times}, {words.count(cost.model_tokens, 'model token')}"
    yield f"- Mithridate {__version__}{', ' + tools if tools else ''}"


def _place(file: str, line: int) -> str:
    path = place_of(file).path
    return code(f"{path}:{line}" if line else path) if path else "unknown place"


def plain(text: str) -> str:
    """Text in a paragraph or a cell: shown as it is, with nothing that Markdown would act on."""
    return _SPECIAL.sub(r"\\\1", visible(shorten(text, _LONGEST_TEXT)))


def prose(text: str) -> str:
    """Sentences of ours around names of the project: what stands in backticks becomes code, the rest is plain."""
    parts, end = [], 0
    for found in _CODE.finditer(text):
        parts += [plain(text[end : found.start()]), code(found.group(1))]
        end = found.end()
    return "".join([*parts, plain(text[end:])])


def code(text: str) -> str:
    """A code span that its content cannot leave, in a table cell either."""
    shown = visible(shorten(text, _LONGEST_TEXT)).replace("|", "¦")
    longest = max((len(run) for run in _TICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def fenced(lines: Iterable[str], keep_empty: bool = False) -> tuple[str, ...]:
    """A code block that its content cannot leave."""
    shown = [visible(line, keep="\t") for line in lines if line or keep_empty]
    longest = max((len(run) for line in shown for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return (f"{fence}text", *shown, fence)
