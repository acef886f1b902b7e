"""The graph library that the explorer's page carries: Cytoscape.js, which `make setup` brings. It is no part of this package's
source; without it the page shows the same as a list."""

from importlib.resources import files

VERSION = "3.35.0"
_FILE = "cytoscape.min.js"


def library() -> str | None:
    """Its text; None where setup did not bring it. What would end the page's script element is no text that we put in one."""
    found = files("mithridate.report.estate") / "web" / "vendor" / _FILE
    if not found.is_file():
        return None
    text = found.read_text(encoding="utf-8")
    return None if "</script" in text.lower() or "<!--" in text else text
