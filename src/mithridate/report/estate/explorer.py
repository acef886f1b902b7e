"""paths.html: one file to explore an answer with, without network, server or trust in the names of the estate.

Two nets below every piece of text: Jinja2 escapes what the template prints and the script puts text in as text only, and a
content security policy allows no more than this file's own style sheets and scripts, by hash.
"""

import base64
import hashlib
import json
from importlib.resources import files
from itertools import islice

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mithridate import __version__
from mithridate.model.estate import Answer, AttackPath, BrokenRecord, GoalAnswer
from mithridate.report import markup
from mithridate.report.estate import library, view, words
from mithridate.report.estate.joining import joining
from mithridate.report.json_v1 import Json
from mithridate.report.visible import visible
from mithridate.report.words import count, number

SCRIPTS = ("estate.js", "drawing.js", "layout.js", "canvas.js", "details.js", "list.js", "page.js")
STYLES = (("mithridate.report", "templates/report.css"), ("mithridate.report.estate", "web/explorer.css"))
LIBRARY_STYLE = ".__________cytoscape_container { position: relative; }"
"""What the library would put into the page itself, which the policy forbids: it looks for the element first."""
_MOST_GOALS = 100
_MOST_PATHS = 200
_MOST_FILES = 200
_MOST_JOINED = 200


def render(answer: Answer, *, graph_library: str | None = None) -> str:
    """The page, self-contained, the same bytes for the same answer. `graph_library` is the library's text when it is not to be
    the one that setup brought; empty for none."""
    carried = library.library() if graph_library is None else graph_library
    style, script = "".join(_asset(*s) for s in STYLES), script_text()
    shown = _paths(answer)
    return (
        _environment()
        .get_template("explorer.html.j2")
        .render(
            answer=answer,
            goals=words.gravest_first(answer),
            unreached=any(not g.paths for g in answer.goals),
            shown=shown,
            paths_left=sum(len(g.paths) for g in answer.goals) - len(shown),
            most_goals=_MOST_GOALS,
            nodes=sum(n for _, n in answer.summary.nodes),
            numbers={a.id: i for i, a in enumerate(view.actions(answer))},
            assumed=words.assumptions(answer),
            readings=answer.summary.readings[:_MOST_FILES],
            broken=_broken(answer),
            joined=joining(answer.summary),
            most_joined=_MOST_JOINED,
            version=__version__,
            data=_embedded(view.data(answer, [(goal, path) for goal, _, path in shown])),
            style=Markup(style),
            library_style=Markup(LIBRARY_STYLE),
            script=Markup(script),
            library=Markup(carried) if carried else "",
            library_version=library.VERSION,
            policy=_policy((style, LIBRARY_STYLE), (script, carried or "")),
        )
    )


def script_text() -> str:
    """The page's own script, as it stands in the page."""
    inner = "".join(_asset("mithridate.report.estate", f"web/{name}") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{inner}}})();\n'


def _paths(answer: Answer) -> tuple[tuple[GoalAnswer, int, AttackPath], ...]:
    """The paths on the page with their rank from 1: the cheapest of every goal before the second of any, then by goal."""
    goals = words.gravest_first(answer)
    ranked = sorted((rank, at) for at, g in enumerate(goals) for rank in range(len(g.paths)))[:_MOST_PATHS]
    return tuple((goals[at], rank + 1, goals[at].paths[rank]) for at, rank in sorted((at, rank) for rank, at in ranked))


def _broken(answer: Answer) -> tuple[BrokenRecord, ...]:
    return tuple(islice((b for r in answer.summary.readings for b in r.broken), _MOST_FILES))


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("mithridate.report.estate", "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: visible(value, keep="\n") if type(value) is str else value,
    )
    made.filters.update(marked=lambda text: markup.marked(view.text(str(text))))
    made.globals.update(words=words, count=count, number=number)
    return made


def _embedded(data: dict[str, Json]) -> Markup:
    """JSON that no text in it can leave: in pure ASCII, without what HTML acts on."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _asset(package: str, name: str) -> str:
    return (files(package) / name).read_text(encoding="utf-8")


def _policy(styles: tuple[str, ...], scripts: tuple[str, ...]) -> str:
    return (
        f"default-src 'none'; style-src {_hashes(styles)}; script-src {_hashes(scripts)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _hashes(texts: tuple[str, ...]) -> str:
    digests = (hashlib.sha256(t.encode()).digest() for t in texts if t)
    return " ".join(f"'sha256-{base64.b64encode(d).decode()}'" for d in digests)
