"""Pages: cross-site scripting."""

import html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.observation import Sink
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.sent import Sent

PAGE = "<!doctype html><html><head><title>t</title></head><body><p>{}</p></body></html>"
TYPE = "text/html; charset=utf-8"


def page(judged, template, value, harmless="x", **options):
    """The verdict on a page that holds a value between tokens."""
    return judged(Sink.HTML, template.format(f"⟨{value}⟩"), template.format(f"⟨{harmless}⟩"), **({"type": TYPE} | options))


@pytest.mark.parametrize(
    "value", ["<script>alert(1)</script>", "<img src=x onerror=a()>", "<svg/onload=a()>", "<a href='javascript:a()'>x</a>"]
)
def test_elements_that_run_scripts_in_text_escape(judged, value):
    found = page(judged, PAGE, value)
    assert found.kind is ViolationKind.CROSS_SITE_SCRIPTING
    assert judged(Sink.HTML, PAGE.format(f"⟨{value}⟩"), type=TYPE) is not None


def test_the_reason_names_the_element(judged):
    found = page(judged, PAGE, "<img src=x onerror=a()>")
    assert "the element <img>, the attribute src, the attribute onerror" in found.why


@pytest.mark.parametrize("text", ["<p><⟨x⟩ y></p>", "<p><b x⟨y⟩=1>a</b></p>"])
def test_names_with_a_token_in_them_escape(judged, text):
    assert judged(Sink.HTML, text, "<p>&lt;⟨x⟩</p>", type=TYPE) is not None
    assert judged(Sink.HTML, text, text, type=TYPE) is None


@pytest.mark.parametrize("value", ["a<br>b", "<b>bold</b>", "<a href='https://x.example/'>x</a>", "<p>one<p>two"])
def test_markup_that_runs_nothing_may_be_allowed_by_a_sanitiser(judged, value):
    assert page(judged, PAGE, value) is None


@pytest.mark.parametrize("template", ['<input value="{}">', "<input value='{}'>", "<input value={}>"])
@pytest.mark.parametrize("value", ['" x="y', "' x='y", "x y=z", "><b>"])
def test_values_end_where_their_quotes_do(judged, template, value):
    quote = template.partition("value=")[2][0]
    leaves = quote in value if quote in "'\"" else value in ("x y=z", "><b>")
    assert (page(judged, template, value) is not None) == leaves


@given(value=st.text(st.characters(exclude_characters="⟨⟩«»")))
def test_escaped_text_is_never_an_escape(judged, value):
    template = (
        "<title>{0}</title><p title='{0}' id=\"{0}\">{0}</p><textarea>{0}</textarea><!-- fixed --><a href='/?q={0}'>{0}</a>"
    )
    attack = template.format("⟨" + html.escape(value) + "⟩")
    assert judged(Sink.HTML, attack, template.format("⟨x⟩"), type=TYPE) is None
    assert judged(Sink.HTML, attack, type=TYPE) is None


@pytest.mark.parametrize("element", ["title", "textarea", "style"])
def test_elements_of_raw_text_are_left_by_their_end_tag(judged, element):
    assert page(judged, f"<{element}>{{}}</{element}>", f"</{element}><b>") is not None
    assert page(judged, f"<{element}>{{}}</{element}>", "</p>") is None or element == "style"


def test_comments_are_left_by_their_end(judged):
    assert page(judged, "<p><!-- {} --></p>", "--><b>") is not None
    assert page(judged, "<p><!-- {} --></p>", "<b>") is None


@pytest.mark.parametrize("value", ['";a()//', '"+a()+"', "</script><b>"])
def test_strings_of_scripts_are_left_by_their_quotes_and_scripts_by_their_tag(judged, value):
    assert page(judged, '<script>var x = "{}"; f(x);</script>', value) is not None


@pytest.mark.parametrize("value", ["';a()//", '\\";a()//', "&lt;", "a b", "`${a()}`", "\\u003cb\\u003e"])
def test_strings_of_scripts_confine_everything_else(judged, value):
    assert page(judged, '<script>var x = "{}"; f(x);</script>', value) is None


@given(value=st.text())
def test_json_in_a_script_with_its_angle_brackets_escaped_is_never_an_escape(judged, value):
    attack = json.dumps({"name": f"⟨{value}⟩", "n": 1}, ensure_ascii=False).replace("<", "\\u003c").replace("\r", " ")
    template = "<script>var data = {}; run(data);</script>"
    assert judged(Sink.HTML, template.replace("{}", attack), template.replace("{}", '{"name": "⟨x⟩", "n": 1}'), type=TYPE) is None


@pytest.mark.parametrize("value", ["1;a()", "a()", "1+1", "a.b"])
def test_bare_data_in_a_script_escapes_when_it_is_more_than_a_word(judged, value):
    assert page(judged, "<script>var x = {};</script>", value, harmless="1") is not None
    assert page(judged, "<script>var x = {};</script>", "2", harmless="1") is None


def test_template_literals_of_scripts_are_left_by_expressions(judged):
    assert page(judged, "<script>var x = `{}`;</script>", "${a()}") is not None
    assert page(judged, "<script>var x = `{}`;</script>", '"a"') is None


def test_a_data_block_is_no_script(judged):
    assert page(judged, '<script type="application/json">[{}]</script>', "1,a()") is None


@pytest.mark.parametrize("value", ["&#39;);a();//", "');a();//"])
def test_event_handlers_are_scripts_whose_entities_are_decoded(judged, value):
    assert page(judged, "<b onclick=\"f('{}')\">x</b>", value) is not None
    assert page(judged, "<b onclick=\"f('{}')\">x</b>", value.replace("'", "\\'").replace("&#39;", "&quot;")) is None


@pytest.mark.parametrize("template", ["<a href='{}'>x</a>", "<form action='{}'></form>", "<iframe src='{}'></iframe>"])
def test_an_address_whose_scheme_is_chosen_runs(judged, template):
    for scheme in ("javascript:", " JaVaScRiPt:", "java&#10;script:", "java\tscript:"):
        found = judged(Sink.HTML, template.format(scheme + "a(⟨1⟩)"), template.format("⟨x⟩"), type=TYPE)
        assert "runs as a script" in found.why
    assert judged(Sink.HTML, template.format("https://⟨x⟩/"), template.format("⟨x⟩"), type=TYPE) is None
    assert judged(Sink.HTML, template.format("/go?u=javascript:a(⟨x⟩)"), template.format("⟨x⟩"), type=TYPE) is None


def test_the_programs_own_script_address_is_a_script(judged):
    template = "<a href=\"javascript:show('{}')\">x</a>"
    assert page(judged, template, "x') ; a('") is not None
    assert page(judged, template, "%27);a(%27") is not None
    assert page(judged, template, "x y") is None


def test_images_do_not_run_addresses(judged):
    assert judged(Sink.HTML, "<img src='javascript:⟨x⟩'>", "<img src='⟨x⟩'>", type=TYPE) is None


def test_style_sheets_confine_names_and_strings(judged):
    template = "<style>p {{ color: {} }}</style>"
    assert page(judged, template, "red; } body { background: url(//x)") is not None
    assert page(judged, template, "blue", harmless="red") is None


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "image/png", "application/javascript"])
def test_other_media_types_are_no_pages(judged, media_type):
    assert page(judged, PAGE, "<script>a()</script>", type=media_type) is None


@pytest.mark.parametrize("media_type", ["", "application/xhtml+xml", "image/svg+xml", "TEXT/HTML"])
def test_these_are(judged, media_type):
    assert page(judged, PAGE, "<script>a()</script>", type=media_type) is not None


def test_an_attachment_is_not_shown(judged):
    assert page(judged, PAGE, "<script>a()</script>", attachment="1") is None


def test_structure_that_harmless_data_has_too_is_not_the_attacks(judged):
    assert page(judged, PAGE, "<script>a()</script>", harmless="<script>b()</script>") is None


def test_links_that_the_program_makes_of_addresses_are_its_own(judged):
    made = PAGE.format('⟨see <a href="javascript:void(0)" onclick="go()">there</a> now⟩')
    sent = Sent(("\ue000\ue100see there now\ue001\ue100",))
    assert judged(Sink.HTML, made, PAGE.format("⟨x⟩"), type=TYPE, sent=sent) is None
    assert judged(Sink.HTML, made, PAGE.format("⟨x⟩"), type=TYPE) is not None


def test_an_element_counts_as_sent_when_the_program_dropped_or_decoded_parts(judged):
    sent = Sent(("\ue000\ue100%3Cscript%3Ealert(1)%3C/script%3E bad\ue001\ue100",))
    assert judged(Sink.HTML, PAGE.format("⟨<script>alert(1)</script>⟩"), PAGE.format("⟨x⟩"), type=TYPE, sent=sent) is not None


def test_two_places_one_of_which_is_not_escaped(judged):
    template = "<title>{}</title><p>{}</p>"
    attack = template.format("⟨&lt;script&gt;a()&lt;/script&gt;⟩", "⟨<script>a()</script>⟩")
    assert judged(Sink.HTML, attack, template.format("⟨x⟩", "⟨x⟩"), type=TYPE) is not None


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_case_does_not_matter(judged, case):
    assert judged(Sink.HTML, PAGE.format("⟨<script>a()</script>⟩"), PAGE.format("⟨x⟩"), type=TYPE, case=case) is not None


def test_a_cut_token_is_text(judged):
    assert judged(Sink.HTML, PAGE.format("⟨&lt;scr…"), PAGE.format("⟨x⟩"), type=TYPE) is None


def test_a_page_that_was_cut_at_its_beginning_is_not_guessed(judged):
    assert judged(Sink.HTML, "x" * 65_400 + "⟨<script>a()</script>⟩", type=TYPE) is None


HOSTILE = ["<b>", "<div>", "<a><b>", "&", "<!--", "<table>", "<p a", "<svg>", "</p>", "<select>", "<script>", "<b><p>"]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_pages_are_survived_in_time(judged, unit):
    judged(Sink.HTML, "<html>" + unit * (60_000 // len(unit)) + "⟨x⟩", "<p>⟨x⟩</p>", type=TYPE)


def test_the_reason_quotes_the_source(judged):
    found = page(judged, "<title>{0}</title><p>{0}</p>", "a<script>1</script>")
    assert found.part == "a<script>1</script>"
    assert "`a<script>1</script>` becomes the element <script>" in found.why


def test_elements_that_parsers_add_themselves_need_not_have_been_sent(judged):
    sent = Sent(("\ue000\ue100a</noscript><i>b</i>\ue001\ue100",))
    assert page(judged, "<noscript>{}</noscript>", "a</noscript><i>b</i>", sent=sent) is not None


@pytest.mark.parametrize("template", ["<!-- {} --><p>", "<!doctype html><!-- {} --><html>"])
def test_comments_outside_of_the_root_element_are_seen(judged, template):
    assert page(judged, template, "a--><i>b</i><!--c") is not None
    assert page(judged, template, "<i>b</i>") is None
