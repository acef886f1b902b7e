from collections.abc import Callable, Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st
from tests.prove.model_observer import A1, Z1, A, Z, step

from mithridate.model.document import MARK, Document, decode, encode, found, strings
from mithridate.prove.cut_document import Cut, applied, cuts
from mithridate.prove.shrink_document import shrink

Test = Callable[[Document], bool]


def smallest(document: Document, test: Test, rounds: int = 60) -> Document:
    def keeps(asked: Mapping[int, Sequence[bytes]]) -> Mapping[int, Sequence[bool]]:
        return {i: [test(decode(v)) for v in variants] for i, variants in asked.items()}

    (made,) = shrink([encode(document)], keeps, rounds, 20.0)
    return decode(made)


def texts(document: Document) -> list[str]:
    return [text for _, text in strings(document.attack)]


def test_only_what_the_violation_needs_is_left() -> None:
    payload = {"a": [1, {"deep": f"{A}x;y{Z}", "other": "z"}], "b": "c"}
    honest = {"a": [1, {"deep": f"{A}q{Z}", "other": "z"}], "b": "c"}
    document = Document(
        control=[{"request": {"method": "POST", "path": "/x", "json": honest}}],
        attack=[{"request": {"method": "POST", "path": "/x", "json": payload, "headers": [["A", "b"]]}}],
    )
    made = smallest(document, lambda d: any(";" in text for text in texts(d)))
    assert made.attack == [{"request": {"method": "POST", "path": "/x", "json": {"a": [{"deep": f"{A};{Z}"}]}}}]
    assert made.control == [{"request": {"method": "POST", "path": "/x", "json": {"a": [{"deep": f"{A}q{Z}"}]}}}]


def test_calls_lose_arguments_from_the_end_and_by_name() -> None:
    call = {"target": "m:f", "args": ["a", f"{A}../{Z}", 7], "kwargs": {"k": 1, "j": 2}}
    made = smallest(Document(control=[], attack=[{"call": call}]), lambda d: any("../" in text for text in texts(d)))
    assert made.attack == [{"call": {"target": "m:f", "args": ["", f"{A}../{Z}"]}}]


def test_repetitions_become_few() -> None:
    body = {"make": "repeat", "of": f"{A}a{Z}", "times": 4096}
    document = Document(control=[], attack=[{"request": {"method": "POST", "path": "/", "body": body}}])
    made = smallest(document, lambda d: int(str(found(d.attack, (0, "request", "body", "times")))) >= 100)
    assert 100 <= int(str(found(made.attack, (0, "request", "body", "times")))) < 256


def test_nothing_is_taken_that_the_violation_needs() -> None:
    document = Document(control=[step("/a", "h")], attack=[step("/a", f"{A}x{Z}", query=[["q", "1"]])])
    assert smallest(document, lambda _: False) == document


def test_a_form_without_an_attack_is_never_proposed() -> None:
    document = Document(control=[step("/a", f"{A}h{Z}")], attack=[step("/a", f"{A}x{Z}")])
    made = smallest(document, lambda _: True)
    assert made.attack != made.control
    assert any(MARK.search(text) for text in texts(made))


def test_a_cut_that_makes_the_attack_its_own_control_is_none() -> None:
    document = Document(control=[step("/a", f"{A}h{Z}")], attack=[step("/a", f"{A}xh{Z}")])
    assert applied(document, [Cut((0, "request", "form", 0, 1), 2, 3)]) is None


def test_common_text_is_shortened_in_both() -> None:
    headers = {"control": [["X", f"{A}h{Z}"]], "attack": [["X", f"{A}'{Z}"]]}
    phases = {name: [step("/a", "common", headers=value)] for name, value in headers.items()}
    assert applied(Document(**phases), [Cut((0, "request", "form", 0, 1), 0, 4)]) == Document(
        control=[step("/a", "on", headers=headers["control"])], attack=[step("/a", "on", headers=headers["attack"])]
    )


pieces = st.lists(st.sampled_from(["a", "'", " ", f"{A}b{Z}", f"{A1}{Z1}", f"{A}--{Z}"]), max_size=12).map("".join)


@given(pieces, st.data())
def test_marks_stay_whole_whatever_is_cut(text: str, data: st.DataObject) -> None:
    document = Document(control=[], attack=[step("/a", f"{A}.{Z}{text}")])
    chosen = data.draw(st.lists(st.sampled_from(list(cuts(document))), max_size=6))
    made = applied(document, chosen)
    for shown in texts(made or document):
        assert (
            len(MARK.findall(shown)) == sum(c in "\ue000\ue001" for c in shown) == sum("\ue100" <= c <= "\ue1ff" for c in shown)
        )


def test_overlapping_cuts_take_no_more_than_both() -> None:
    document = Document(control=[], attack=[step("/a", f"{A}abcdef{Z}")])
    place = (0, "request", "form", 0, 1)
    made = applied(document, [Cut(place, 2, 6), Cut(place, 4, 5), Cut(place, 6, 7)])
    assert made is not None
    assert found(made.attack, place) == f"{A}f{Z}"
