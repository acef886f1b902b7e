"""XML of any size, an element at a time. Entities are never expanded, nothing outside is fetched, nothing large is kept."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import defusedxml
import defusedxml.ElementTree

from mithridate.model.errors import UsageError

DEEPEST = 100


def elements(path: Path, root: str, tag: str) -> Iterator[Element]:
    """Every element `tag` of a document whose root is `root`, complete; it is emptied when the next is asked for.

    UsageError for what is no XML, has another root, declares entities, or is nested too deeply.
    """
    try:
        with path.open("rb") as file:
            top: Element | None = None
            depth = inside = 0
            for event, element in defusedxml.ElementTree.iterparse(file, events=("start", "end")):
                if event == "start":
                    depth += 1
                    if depth > DEEPEST:
                        raise UsageError(f"{path} is nested more than {DEEPEST} deep")
                    if top is None:
                        top = element
                        if element.tag != root:
                            raise UsageError(f"{path} is no {root} document, it is {element.tag[:60]!r}")
                    inside += element.tag == tag
                    continue
                depth -= 1
                if element.tag == tag:
                    inside -= 1
                    yield element
                if not inside and top is not None:
                    element.clear()
                    if depth <= 1:
                        top.clear()
    except ParseError as error:
        raise UsageError(f"{path} is no XML: {error}") from None
    except defusedxml.DefusedXmlException as error:
        raise UsageError(f"{path} declares entities, which are never expanded: {type(error).__name__}") from None
    except (ValueError, LookupError, RecursionError) as error:
        raise UsageError(f"{path} is no XML: {' '.join(str(error).split())[:200]}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
