import pytest

from .conftest import MARKED, Observe

DOCUMENT = "<r><a>1</a></r>"


@pytest.mark.parametrize(
    ("needs", "call", "api", "dialect"),
    [
        ("lxml.etree", "root.xpath(path)", "lxml.etree._Element.xpath", "1.0"),
        ("lxml.etree", "root.getroottree().xpath(path)", "lxml.etree._ElementTree.xpath", "1.0"),
        ("lxml.etree", "etree.XPath(path)(root)", "lxml.etree.XPath", "1.0"),
        ("lxml.etree", "etree.ETXPath(path)(root)", "lxml.etree.ETXPath", "1.0"),
        ("lxml.etree", "etree.XPathEvaluator(root)(path)", "lxml.etree.XPathEvaluator", "1.0"),
        ("lxml.etree", "etree.XPathEvaluator(root.getroottree()).evaluate(path)", "lxml.etree.XPathEvaluator", "1.0"),
        ("lxml.etree", "root.find(path)", "lxml.etree._Element.find", "1.0"),
        ("lxml.etree", "root.findall(path)", "lxml.etree._Element.findall", "1.0"),
        ("lxml.html", "__import__('lxml.html').html.fromstring('<p>x').xpath(path)", "lxml.etree._Element.xpath", "1.0"),
        ("xml.etree.ElementTree", "root.find(path)", "xml.etree.ElementTree.Element.find", "1.0"),
        ("xml.etree.ElementTree", "root.findall(path)", "xml.etree.ElementTree.Element.findall", "1.0"),
        ("xml.etree.ElementTree", "list(root.iterfind(path))", "xml.etree.ElementTree.Element.iterfind", "1.0"),
        ("xml.etree.ElementTree", "etree.ElementTree(root).findall(path)", "xml.etree.ElementTree.Element.findall", "1.0"),
        ("elementpath", "elementpath.select(root, path)", "elementpath.select", "2.0"),
        ("elementpath", "elementpath.Selector(path).select(root)", "elementpath.Selector", "2.0"),
        ("elementpath", "elementpath.select(root, path, parser=elementpath.XPath1Parser)", "elementpath.select", "1.0"),
    ],
)
def test_an_expression_is_seen(observe: Observe, needs: str, call: str, api: str, dialect: str) -> None:
    library = "lxml.etree" if needs.startswith("lxml") else "xml.etree.ElementTree"
    source = f"""
import {library} as etree
import {needs}
root = etree.fromstring('{DOCUMENT}')
def run(data):
    path = f".//a[. = '{{data}}']"
    return repr({call})
"""
    seen = observe(source, needs, library)
    found = seen.only("xpath")
    assert (found["api"], found["dialect"], found["stopped"]) == (api, dialect, False)
    assert found["text"] == f".//a[. = '{MARKED}']"
    assert seen.attack["raised"] == ""


def test_a_variable_of_an_expression_is_no_text(observe: Observe) -> None:
    source = (
        f"import lxml.etree as etree\ndef run(data):\n    return etree.fromstring('{DOCUMENT}').xpath('//a[. = $x]', x=data)\n"
    )
    assert observe(source, "lxml.etree").records == []


ENTITY = """
import io
def run(data):
    document = f'<!DOCTYPE r [<!ENTITY e SYSTEM "file://{os.getcwd()}/{data}">]><r>&e;</r>'
"""


@pytest.mark.parametrize(
    "call",
    [
        "etree.fromstring(document, etree.XMLParser(resolve_entities=True))",
        "etree.XML(document, parser=etree.XMLParser(resolve_entities=True))",
        "etree.parse(io.StringIO(document), etree.XMLParser(resolve_entities=True)).getroot()",
        "iterated(document)",
        "fed(etree.XMLParser(resolve_entities=True), document)",
    ],
)
def test_an_external_entity_of_lxml_is_seen_and_not_loaded(observe: Observe, call: str) -> None:
    source = (
        "import os\nimport lxml.etree as etree\ndef fed(parser, text):\n    parser.feed(text)\n    return parser.close()\n"
        "def iterated(text):\n    return [e for _, e in etree.iterparse(io.BytesIO(text.encode()), resolve_entities=True)][-1]\n"
        + ENTITY
        + f"    return ''.join({call}.itertext())\n"
    )
    seen = observe(source, "lxml.etree", files={MARKED: "secret", "plain": "plain text"})
    found = seen.observed("entity")
    assert [(one["text"].endswith(MARKED), one["stopped"]) for one in found] == [(True, True)]
    assert "secret" not in str(seen.attack["result"])
    assert seen.control["result"] == "plain text"


def test_a_document_that_lxml_opens_by_name_is_a_path_and_no_entity(observe: Observe) -> None:
    source = "import lxml.etree as etree\ndef run(data):\n    return etree.parse(data).getroot().text\n"
    seen = observe(source, "lxml.etree", files={MARKED: "<r>x</r>", "plain": "<r>y</r>"})
    found = seen.only("path")
    assert (found["api"], found["text"], found["detail"]["mode"]) == ("lxml.etree.parse", MARKED, "read")
    assert (seen.attack["result"], seen.control["result"]) == ("x", "y")


def test_a_document_that_lxml_would_fetch_is_a_request(observe: Observe) -> None:
    seen = observe("import lxml.etree as etree\ndef run(data):\n    etree.parse('http://h/' + data)\n", "lxml.etree")
    assert seen.only("request")["stopped"]
    assert (seen.attack["raised"], seen.control["raised"]) == ("OSError", "OSError")


def test_a_parser_that_does_not_resolve_entities_is_silent(observe: Observe) -> None:
    source = (
        "import os\nimport lxml.etree as etree\n"
        + ENTITY
        + "    return etree.tostring(etree.fromstring(document, etree.XMLParser(resolve_entities=False))).decode()\n"
    )
    seen = observe(source, "lxml.etree", files={MARKED: "secret"})
    assert seen.observed("entity") == []


SAX = """
import io, os, xml.sax, xml.sax.handler
class Text(xml.sax.handler.ContentHandler):
    def __init__(self): self.text = ''
    def characters(self, text): self.text += text
"""


@pytest.mark.parametrize("on", [True, False])
def test_an_external_entity_of_sax_is_seen_where_it_is_switched_on(observe: Observe, on: bool) -> None:
    source = f"""{SAX}{ENTITY}
    parser = xml.sax.make_parser()
    text = Text()
    parser.setContentHandler(text)
    parser.setFeature(xml.sax.handler.feature_external_ges, {on})
    parser.parse(io.StringIO(document))
    return text.text
"""
    seen = observe(source, files={MARKED: "<b>secret</b>", "plain": "<b>plain text</b>"})
    assert [one["text"].endswith(MARKED) for one in seen.observed("entity")] == ([True] if on else [])
    assert seen.attack["stopped"] is on
    assert seen.control["result"] == ("plain text" if on else "")


@pytest.mark.parametrize(
    "call",
    ["xml.etree.ElementTree.fromstring", "xml.dom.minidom.parseString", "lxml.etree.fromstring", "lxml.etree.XML"],
)
def test_a_document_is_seen(observe: Observe, call: str) -> None:
    module = call.rpartition(".")[0]
    source = f"import {module}\ndef run(data):\n    return repr({call}(f'<r>{{data}}</r>'))\n"
    found = observe(source, module).only("xml")
    assert (found["api"], found["text"]) == (call, f"<r>{MARKED}</r>")


def test_a_filter_and_a_name_given_to_ldap_are_seen_and_not_sent(observe: Observe) -> None:
    source = """
import ldap3
server = ldap3.Server('mock')
def run(data):
    con = ldap3.Connection(server, user='cn=x', password='y', client_strategy=ldap3.MOCK_SYNC)
    con.strategy.add_entry('cn=x', {'userPassword': 'y', 'sn': 'x'})
    con.bind()
    return con.search(f'ou={data}', f'(cn={data})')
"""
    seen = observe(source, "ldap3")
    found = seen.observed("ldap")
    assert [(one["dialect"], one["text"]) for one in found] == [("dn", f"ou={MARKED}"), ("filter", f"(cn={MARKED})")]
    assert all(one["stopped"] and one["api"] == "ldap3.Connection.search" for one in found)
    assert seen.attack["stopped"]
    assert "LDAPException" in seen.attack["kinds"]
    assert seen.control["result"] is False
    assert len(seen.records) == 2
