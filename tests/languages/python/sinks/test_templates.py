import pytest

from .conftest import MARKED, Observe

JINJA = "import jinja2\ndef run(data):\n    return "


@pytest.mark.parametrize(
    ("call", "api"),
    [
        ("jinja2.Environment().from_string('a ' + data).render()", "jinja2.Environment.from_string"),
        ("jinja2.Template('a ' + data).render()", "jinja2.Template"),
        (
            "jinja2.Environment(loader=jinja2.DictLoader({'t': 'a ' + data})).get_template('t').render()",
            "jinja2.Environment.get_template",
        ),
    ],
)
def test_the_source_of_a_template_is_seen_and_rendered(observe: Observe, call: str, api: str) -> None:
    seen = observe(JINJA + call + "\n", "jinja2")
    found = seen.only("template")
    assert found["api"].startswith(api)
    assert (found["text"], found["dialect"]) == (f"a {MARKED}", "jinja2")
    assert seen.attack["result"] == f"a {MARKED}"


def test_a_value_of_a_template_is_not_its_source(observe: Observe) -> None:
    seen = observe(JINJA + "jinja2.Template('a {{ x }} {{ \"%s\" | format(x) }}').render(x=data)\n", "jinja2")
    assert seen.records == []


@pytest.mark.parametrize(
    ("dialect", "needs", "call"),
    [
        ("mako", "mako.template", "mako.template.Template('a ' + data).render()"),
        ("tornado", "tornado.template", "tornado.template.Template('a ' + data).generate().decode()"),
    ],
)
def test_other_engines_are_seen(observe: Observe, dialect: str, needs: str, call: str) -> None:
    seen = observe(f"import {needs}\ndef run(data):\n    return {call}\n", needs)
    assert seen.only("template")["dialect"] == dialect
    assert seen.attack["result"] == f"a {MARKED}"


def test_django_templates_are_seen(observe: Observe) -> None:
    source = """
import django
from django.conf import settings
settings.configure(TEMPLATES=[{'BACKEND': 'django.template.backends.django.DjangoTemplates'}])
django.setup()
from django.template import Context, Template
def run(data):
    return Template('a ' + data).render(Context({'x': data}))
"""
    assert observe(source, "django").only("template")["dialect"] == "django"


@pytest.mark.parametrize(
    ("call", "api"),
    [
        ("('{} ' + data).format(1)", "str.format"),
        ("('{x} ' + data).format_map({'x': 1})", "str.format_map"),
        ("string.Formatter().format('{} ' + data, 1)", "string.Formatter.vformat"),
    ],
)
def test_a_format_string_is_a_template(observe: Observe, call: str, api: str) -> None:
    seen = observe(f"{'import string' if 'string.' in call else ''}\ndef run(data):\n    return {call}\n")
    found = seen.only("template")
    assert (found["api"], found["dialect"]) == (api, "format")
    assert seen.attack["result"] == f"1 {MARKED}"


def test_a_formatted_value_is_none(observe: Observe) -> None:
    seen = observe("def run(data):\n    return '{:>{w}} {a}'.format(data, w=3, a=1) + f'{data}' + '%s' % data\n")
    assert seen.records == []
