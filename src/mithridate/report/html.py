"""report.html: one file that a person reads, without network, framework or trust in the project's text.

Two nets below every piece of text: Jinja2 escapes whatever a template prints, and a content security policy allows only this
file's own style sheet and script, by hash. `finalize` shows invisible characters even where a template forgot to.
"""

import base64
import hashlib
from datetime import UTC, datetime
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mithridate import __version__
from mithridate.model.finding import ControlTier
from mithridate.model.run import RunReport
from mithridate.report import cards, markup, shown_patch, words
from mithridate.report.places import Origin, place_of
from mithridate.report.visible import shorten, visible

_LONGEST_TEXT = 2000
_LONGEST_BLOCK = 40_000


class HtmlWriter:
    """Writes report.html."""

    name: str = "html"
    filename: str = "report.html"

    def render(self, report: RunReport) -> str:
        """The page, self-contained, the same bytes for the same report."""
        style, script = _asset("report.css"), _asset("report.js")
        fired, replays = words.replays_total(report)
        found, observed = cards.cards(report), cards.facts(report)
        return (
            _environment()
            .get_template("report.html.j2")
            .render(
                report=report,
                cards=found,
                groups=cards.groups(found),
                facts=observed,
                fact_groups=cards.groups(observed),
                counts=words.ratings_count(report),
                fired=fired,
                replays=replays,
                flaky=[
                    (f, f.violation.place, place_of(f.violation.place.file if f.violation.place else "").path)
                    for f in report.flaky
                ],
                version=__version__,
                started=_when(report.started),
                style=Markup(style),
                script=Markup(script),
                policy=_policy(style, script),
            )
        )


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("mithridate.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    made.filters.update(
        marked=lambda text: markup.marked(shorten(text, _LONGEST_TEXT)),
        prose=lambda text: markup.prose(shorten(text, _LONGEST_TEXT)),
        hex_bytes=markup.hex_bytes,
        block=lambda text: markup.marked(shorten(text, _LONGEST_BLOCK), keep="\n\t"),
        python=lambda text: Markup("\n").join(markup.highlighted(shorten(text, _LONGEST_BLOCK).split("\n"), ".py")),
    )
    made.globals.update(patches=shown_patch, words=words, ControlTier=ControlTier, Origin=Origin)
    return made


def _finalize(value: object) -> object:
    return visible(value, keep="\n") if isinstance(value, str) and not isinstance(value, Markup) else value


def _asset(name: str) -> str:
    return (files("mithridate.report") / "templates" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _when(started: str) -> str:
    """`12 June 2025, 08:15 UTC`; what is no ISO date stays as it is."""
    try:
        parsed = datetime.fromisoformat(started)
    except ValueError:
        return started
    moment = parsed.astimezone(UTC) if parsed.tzinfo else parsed
    return f"{moment.day} {moment:%B %Y, %H:%M}{' UTC' if parsed.tzinfo else ''}"
