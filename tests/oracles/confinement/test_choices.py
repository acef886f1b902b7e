"""Sinks where to choose is to escape, XML documents, and observed facts."""

import pytest

from mithridate.model.observation import Sink
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.sent import Sent


@pytest.mark.parametrize(
    ("sink", "text", "kind"),
    [
        (Sink.TYPE, "⟨os⟩.system", ViolationKind.UNSAFE_DESERIALISATION),
        (Sink.TYPE, "builtins.⟨x⟩", ViolationKind.UNSAFE_DESERIALISATION),
        (Sink.ENTITY, "file:///etc/⟨x⟩", ViolationKind.EXTERNAL_ENTITY),
        (Sink.MODULE, "⟨x⟩.y", ViolationKind.UNTRUSTED_IMPORT),
        (Sink.SESSION, "user=⟨x⟩", ViolationKind.TRUST_BOUNDARY),
    ],
)
def test_what_carries_a_token_was_chosen(judged, sink, text, kind):
    found = judged(sink, text, text)
    assert found.kind is kind
    assert judged(sink, text, case=str.upper).kind is kind
    assert judged(sink, text.replace("⟨", "").replace("⟩", "")) is None


def test_a_module_below_the_programs_own_package_is_confined(judged):
    assert judged(Sink.MODULE, "plugins.⟨x⟩") is None
    assert judged(Sink.MODULE, "encodings.⟨x⟩") is None


DOCUMENT = "<order><item name='{0}'>{0}</item><!-- {0} --></order>"


@pytest.mark.parametrize("value", ["a</item><item name='b'>c", "<b/>", "a<b c='d'>e</b>"])
def test_elements_that_data_adds_to_a_document_escape(judged, value):
    template = "<order><item name='x'>{}</item></order>"
    found = judged(Sink.XML, template.format(f"⟨{value}⟩"), template.format("⟨a⟩"))
    assert found.kind is ViolationKind.XML_INJECTION
    assert judged(Sink.XML, template.format(f"⟨{value}⟩"), template.format("⟨b⟩"), case=str.upper) is not None


def test_an_attribute_that_data_adds_escapes(judged):
    assert judged(Sink.XML, "<a b='⟨x' c='y⟩'/>", "<a b='⟨x⟩'/>") is not None


@pytest.mark.parametrize("value", ["&lt;b&gt;", "a &amp; b", "&#60;", "text"])
def test_escaped_text_in_a_document_is_confined(judged, value):
    assert judged(Sink.XML, DOCUMENT.format(f"⟨{value}⟩"), DOCUMENT.format("⟨a⟩")) is None
    assert judged(Sink.XML, "<a><![CDATA[⟨<b>⟩]]></a>", "<a><![CDATA[⟨x⟩]]></a>") is None


def test_a_document_that_came_as_a_whole_is_its_authors(judged):
    sent = Sent(("<a>\ue000\ue100<b/>\ue001\ue100</a>",))
    assert judged(Sink.XML, "<a>⟨<b/>⟩</a>", "<a>⟨x⟩</a>", sent=sent) is None


def test_entities_are_not_expanded(judged):
    bomb = "<!DOCTYPE a [" + "<!ENTITY e0 'x'>" + "".join(f"<!ENTITY e{i} '{f'&e{i - 1};' * 10}'>" for i in range(1, 12)) + "]>"
    assert judged(Sink.XML, bomb + "<a>&e11;⟨x⟩</a>") is None


@pytest.mark.parametrize("name", ["md5", "hashlib.md5", "SHA1", "sha-1", "hashlib.new:ripemd160", "MD4"])
def test_weak_hashes_are_facts(judged, name):
    assert judged(Sink.WEAK_HASH, name).kind is ViolationKind.WEAK_HASH


@pytest.mark.parametrize("name", ["sha256", "SHA-512", "sha3_256", "blake2b", "hashlib.sha384", ""])
def test_strong_hashes_are_not(judged, name):
    assert judged(Sink.WEAK_HASH, name) is None


@pytest.mark.parametrize("name", ["DES", "DES3/CBC", "AES-ECB", "ARC4", "TripleDES", "algorithms.Blowfish"])
def test_weak_ciphers_are_facts(judged, name):
    assert judged(Sink.WEAK_CIPHER, name).kind is ViolationKind.WEAK_CIPHER


@pytest.mark.parametrize("name", ["AES-GCM", "ChaCha20", "AES/CBC", "design"])
def test_strong_ciphers_are_not(judged, name):
    assert judged(Sink.WEAK_CIPHER, name) is None


def test_predictable_values_that_leave_the_program_are_facts(judged):
    assert judged(Sink.WEAK_RANDOM, "random.random").kind is ViolationKind.WEAK_RANDOM
    assert judged(Sink.WEAK_RANDOM, "random.randint", used="1") is not None
    assert judged(Sink.WEAK_RANDOM, "random.randint", used="") is None
    assert judged(Sink.WEAK_RANDOM, "random.SystemRandom.random") is None


def test_cookies_without_flags_are_facts_unless_they_are_deleted(judged):
    found = judged(Sink.COOKIE, "Set-Cookie: sid=1; Path=/", missing="secure, samesite")
    assert found.kind is ViolationKind.INSECURE_COOKIE
    assert found.why == "The cookie `sid` is set without Secure."
    assert judged(Sink.COOKIE, "sid=1", missing="httponly") is not None
    assert judged(Sink.COOKIE, "sid=1", missing="samesite") is None
    assert judged(Sink.COOKIE, "sid=; Max-Age=0", missing="secure") is None
    assert judged(Sink.COOKIE, "sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", missing="secure") is None


@pytest.mark.parametrize("sink", [Sink.ERROR, Sink.SQL])
def test_errors_and_unmarked_texts_are_no_escapes(judged, sink):
    assert judged(sink, "ValueError: x' OR 1=1") is None
