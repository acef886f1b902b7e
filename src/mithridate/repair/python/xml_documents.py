"""Values put into XML that a program writes, escaped for it (CWE-91)."""

from collections.abc import Iterator

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.flow import Value
from mithridate.repair.python.imports import using
from mithridate.repair.python.pieces import Constant, holes, pieces
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit
from mithridate.repair.python.wrapped import built, groups


class XmlDocumentProposer(PythonProposer):
    """`xml.sax.saxutils.escape`, with quotation marks where the value stands in an attribute."""

    name = "python-xml-document"
    kinds = frozenset({ViolationKind.XML_INJECTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """Around the values of the text that the document is."""
        for place in scene.places[:3]:
            for call in place.calls:
                for arg in call.args[:2]:
                    origin = built(Value(place, arg.value))
                    if origin is None:
                        continue
                    source = origin.source
                    row = pieces(source, origin.node) or []
                    text = "".join(p.value if isinstance(p, Constant) else "x" for p in row)
                    if "<" not in text:
                        continue
                    shown, extra = using(source, "xml.sax.saxutils", "escape")
                    for number, group in enumerate(groups(origin.place, holes(row))):
                        edits: list[Edit] = []
                        before = ""
                        for piece in row:
                            if isinstance(piece, Constant):
                                before += piece.value
                                continue
                            if piece in group:
                                code = source.code(piece.node)
                                code = code if piece.text else f"str({code})"
                                inside = before.rfind("<") > before.rfind(">")
                                marks = ", {chr(34): '&quot;', chr(39): '&apos;'}" if inside else ""
                                edits.append(source.replace(piece.node, f"{shown}({code}{marks})"))
                            before += "x"
                        change = Change(
                            "a value is put into an XML document as it is",
                            "escape the value for XML",
                            edits_of(source, edits, extra),
                            rank=1.0 + number / 10,
                        )
                        yield change
