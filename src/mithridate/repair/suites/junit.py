"""Results in JUnit's XML, as ctest and pytest write it. The file comes out of the sandbox: entities are refused."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from mithridate.repair.suites.interface import Result, Verdict, numbered, tail

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def results(text: str) -> dict[str, Result]:
    """One result a test case; {} when the text is none of it."""
    text = text.strip()
    if not text or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return {}
    try:
        root = ElementTree.fromstring(_NOT_XML.sub("?", text))
    except ElementTree.ParseError:
        return {}
    return numbered(_cases(root))


def _cases(root: ElementTree.Element) -> Iterator[tuple[str, Result]]:
    for case in root.iter("testcase"):
        owner, name = case.get("classname", ""), case.get("name", "")
        yield f"{owner}::{name}" if owner and owner != name else name, _result(case)


def _result(case: ElementTree.Element) -> Result:
    bad = next((child for child in case if child.tag in ("failure", "error")), None)
    said = "\n".join(filter(None, (case.findtext("system-out"), case.findtext("system-err"))))
    if bad is not None:
        message = bad.get("message") or ""
        verdict = Verdict.TIMED_OUT if "timeout" in message.lower() and not bad.text else Verdict.FAILED
        return Result(verdict, tail("\n".join(filter(None, (said, bad.text, message)))))
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return Result(Verdict.SKIPPED)
    return Result(Verdict.PASSED) if case.get("status", "run") != "fail" else Result(Verdict.FAILED, tail(said))
