import pytest

from .conftest import MARKED, OPENING, Observe


def test_a_type_that_a_pickle_names_is_not_looked_up(observe: Observe) -> None:
    source = "import pickle\ndef run(data):\n    return pickle.loads(f'c{data}\\nname\\n.'.encode())\n"
    found = observe(source).only("type")
    assert (found["text"], found["dialect"], found["stopped"]) == (f"{MARKED}.name", "pickle", True)


def test_a_pickle_with_marks_may_not_call_what_it_names(observe: Observe) -> None:
    source = """
import io, os, pickle
def run(data):
    os.path.exists('made') and os.remove('made')
    try:
        pickle.load(io.BytesIO(f"cos\\nsystem\\n(S'touch made'\\ntR0S'{data}'\\n.".encode()))
    except pickle.UnpicklingError as error:
        return str(error)
    return os.path.exists('made')
"""
    seen = observe(source)
    assert seen.attack["result"] == "unsupported global os.system"
    assert seen.control["result"] is True
    assert seen.records == []


def test_marked_values_in_a_pickle_are_harmless(observe: Observe) -> None:
    source = """
import collections, datetime, pickle
def run(data):
    return len(pickle.loads(pickle.dumps([data, collections.OrderedDict(a=1), datetime.date.today(), {1}])))
"""
    seen = observe(source)
    assert seen.records == []
    assert seen.attack["result"] == 4


def test_an_unpickler_that_refuses_is_not_reported(observe: Observe) -> None:
    source = """
import io, pickle
class Careful(pickle.Unpickler):
    def find_class(self, module, name): raise pickle.UnpicklingError('no')
def run(data):
    try: Careful(io.BytesIO(f'c{data}\\nname\\n.'.encode())).load()
    except pickle.UnpicklingError as error: return str(error)
"""
    seen = observe(source)
    assert seen.records == []
    assert seen.attack["result"] == "no"


def test_a_shelf_says_that_it_is_one(observe: Observe) -> None:
    source = """
import shelve
def run(data):
    with shelve.open('shelf') as shelf:
        shelf.dict[b'k'] = f'c{data}\\nname\\n.'.encode()
        return shelf['k']
"""
    assert [one["dialect"] for one in observe(source).observed("type")] == ["shelve"]


@pytest.mark.parametrize("tag", ["object/apply", "name", "module", "object/new"])
def test_an_unsafe_yaml_loader_does_not_find_what_the_document_names(observe: Observe, tag: str) -> None:
    end = "[]" if tag.startswith("object") else "''"
    source = f"import yaml\ndef run(data):\n    return yaml.load(f'!!python/{tag}:os.{{data}} {end}', Loader=yaml.UnsafeLoader)\n"
    seen = observe(source, "yaml")
    found = seen.only("type")
    assert (found["text"], found["dialect"], found["stopped"]) == (f"os.{MARKED}", "yaml", True)
    assert seen.attack["raised"] == "ConstructorError"


def test_safe_yaml_is_silent(observe: Observe) -> None:
    source = """
import yaml
def run(data):
    for Loader in (yaml.SafeLoader, yaml.FullLoader):
        try: yaml.load(f'!!python/name:os.{data} ""', Loader=Loader)
        except yaml.YAMLError: pass
    return yaml.safe_load(f'a: {data}')['a']
"""
    seen = observe(source, "yaml")
    assert seen.records == []
    assert seen.attack["result"] == MARKED


def test_jsonpickle_does_not_find_the_class(observe: Observe) -> None:
    source = "import jsonpickle, json\ndef run(data):\n    return jsonpickle.decode(json.dumps({'py/object': 'm.' + data}))\n"
    seen = observe(source, "jsonpickle")
    found = seen.only("type")
    assert (found["text"], found["dialect"], found["stopped"]) == (f"m.{MARKED}", "jsonpickle", True)


def test_marshal_is_stopped(observe: Observe) -> None:
    source = "import marshal\ndef run(data):\n    return marshal.loads(marshal.dumps([data]))\n"
    seen = observe(source)
    assert OPENING in seen.only("type")["text"]
    assert seen.control["result"] == ["plain"]


def test_a_file_is_loaded_as_if_nobody_had_looked_into_it(observe: Observe) -> None:
    source = """
import pickle
def run(data):
    with open("kept", "wb") as file:
        pickle.dump(["first\\nline", "second"], file)
        pickle.dump("behind", file)
    with open("kept", "rb") as file:
        return [pickle.load(file), pickle.load(file)]
"""
    assert observe(source).attack["result"] == [["first\nline", "second"], "behind"]
