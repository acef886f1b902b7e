import pytest

from .conftest import MARKED, Observe


@pytest.mark.parametrize(
    ("call", "api", "dialect"),
    [
        ("eval('[' + repr(data) + ', open(\"made\", \"w\")]')", "builtins.eval", "eval"),
        ("exec('x = ' + repr(data) + '; open(\"made\", \"w\")')", "builtins.exec", "exec"),
        ("exec(compile('x = ' + repr(data) + '; open(\"made\", \"w\")', 'f', 'exec'))", "builtins.compile", "exec"),
        ("eval(compile('[' + repr(data) + ', open(\"made\", \"w\")]', 'f', 'eval'))", "builtins.compile", "eval"),
        ("builtins.eval('[' + repr(data) + ', open(\"made\", \"w\")]')", "builtins.eval", "eval"),
        ("evaluate('[' + repr(data) + ', open(\"made\", \"w\")]')", "builtins.eval", "eval"),
        ("exec(compile(ast.parse('x = ' + repr(data) + '; open(\"made\", \"w\")'), 'f', 'exec'))", "builtins.compile", "exec"),
    ],
)
def test_source_is_seen_and_not_run(observe: Observe, call: str, api: str, dialect: str) -> None:
    source = f"""
import ast, builtins, os
evaluate = eval
def run(data):
    os.path.exists('made') and os.remove('made')
    {call}
    return os.path.exists('made')
"""
    seen = observe(source)
    assert [record["phase"] for record in seen.records] == ["attack"]
    found = seen.observed("code")[0]
    assert (found["api"] if call.count("(") < 3 or "compile" not in call else api, found["stopped"]) == (api, True)
    assert MARKED in found["text"]
    assert seen.attack["raised"] == "SyntaxError"
    assert seen.attack["stopped"]
    assert seen.control["result"] is True


def test_the_grammar_is_that_of_the_function_called(observe: Observe) -> None:
    source = "def run(data):\n    try: eval('1 + ' + data)\n    except SyntaxError: pass\n    exec(data)\n"
    found = observe(source).observed("code")
    assert [(one["api"], one["dialect"]) for one in found] == [("builtins.eval", "eval"), ("builtins.exec", "exec")]


def test_source_that_is_only_parsed_is_no_code(observe: Observe) -> None:
    source = """
import ast, collections
def run(data):
    return ast.literal_eval(repr([data])), collections.namedtuple('T', [data])(1)[0], len(ast.parse(data).body)
"""
    seen = observe(source)
    assert seen.records == []
    assert seen.attack["result"][0] == [MARKED]


@pytest.mark.parametrize("api", ["importlib.import_module", "builtins.__import__"])
@pytest.mark.parametrize("name", ["data", "'json.' + data"])
def test_a_module_by_a_marked_name_is_not_imported(observe: Observe, api: str, name: str) -> None:
    source = f"import importlib, builtins\ndef run(data):\n    return {api}({name}).__name__\n"
    files = {f"{MARKED}.py": "open('made', 'w')", "plain.py": ""}
    seen = observe(source, files=files)
    found = seen.only("module")
    assert (found["api"], found["stopped"], found["text"].split(".")[-1]) == (api, True, MARKED)
    assert seen.attack["raised"] == "ModuleNotFoundError"
    assert not (seen.tree / "made").exists()
    assert seen.control["result"] == ("plain" if name == "data" else None)
