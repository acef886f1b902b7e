"""Conditions are learnt from states: the right one of those that separate, in C's own arithmetic."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.repair.learning.arithmetic import Absent, Binary, CType, Name, Number, State, common
from mithridate.repair.learning.conditions import Comparison, Joined, compared
from mithridate.repair.learning.evidence import Family, Fault, Observed, Pointer, Vocabulary, after, before
from mithridate.repair.learning.forms import candidates
from mithridate.repair.learning.inference import learn, margin, separates

SIZE = CType(64, False)
INT = CType(32, True)
UNSIGNED = CType(32, False)
BOUND = Fault(family=Family.BOUND)


def _observed(violating: Sequence[State], healthy: Sequence[State]) -> Observed:
    return Observed(violating=tuple(violating), healthy=tuple(healthy), violated=len(violating), passed=len(healthy))


def _first(observed: Observed, vocabulary: Vocabulary, fault: Fault = BOUND) -> str:
    return learn(observed, vocabulary, fault)[0].condition.text


def test_a_bound_that_carries_the_true_size_beats_one_that_is_large_enough_by_chance() -> None:
    def state(length: int, capacity: int, other: int) -> State:
        return {"length": length, "capacity": capacity, "other": other, after("p"): capacity, before("p"): 0, "p": 4096}

    vocabulary = Vocabulary(
        integers={"length": SIZE, "capacity": SIZE, "other": SIZE},
        pointers=(Pointer("p", 1),),
        numbers=(40,),
        mentioned=frozenset({"length", "p", "other"}),
    )
    observed = _observed([state(33, 32, 32), state(70, 64, 66)], [state(32, 32, 35), state(10, 64, 10), state(64, 64, 66)])
    assert _first(observed, vocabulary) == "length > capacity"
    assert learn(observed, vocabulary, BOUND)[0].carries


def test_a_number_that_only_the_proof_has_is_never_a_bound() -> None:
    vocabulary = Vocabulary(integers={"n": INT}, numbers=(8,), mentioned=frozenset({"n"}))
    observed = _observed([{"n": 20}], [{"n": 19}, {"n": 3}])
    assert learn(observed, vocabulary, BOUND) == []


def test_nothing_is_learnt_from_violating_states_alone_but_what_the_violation_names() -> None:
    vocabulary = Vocabulary(integers={"n": INT}, pointers=(Pointer("p"),), numbers=(8,))
    observed = _observed([{"n": 20, "p": 0}], [])
    assert learn(observed, vocabulary, BOUND) == []
    assert _first(observed, vocabulary, Fault(family=Family.NULL)) == "p == NULL"


def test_a_sum_is_compared_without_a_sum() -> None:
    states = [{"at": a, "length": n, "size": 100} for a, n in ((99, 2), (120, 1), (50, 60), (2, 110))]
    healthy = [{"at": a, "length": n, "size": 100} for a, n in ((98, 2), (0, 100), (99, 1), (100, 0))]
    vocabulary = Vocabulary(integers={"at": SIZE, "length": SIZE, "size": SIZE}, mentioned=frozenset({"at", "length"}))
    assert _first(_observed(states, healthy), vocabulary) in (
        "at > size || length > size - at",
        "length > size || at > size - length",
    )


def test_a_product_that_wraps_in_its_type_is_found_by_division() -> None:
    def state(width: int, height: int) -> State:
        return {"width": width, "height": height}

    observed = _observed([state(1 << 16, 1 << 16), state(70000, 70000), state(3, 1 << 31)], [state(1 << 16, 65535), state(0, 9)])
    vocabulary = Vocabulary(integers={"width": UNSIGNED, "height": UNSIGNED}, mentioned=frozenset({"width", "height"}))
    assert _first(observed, vocabulary) in (
        "width != 0 && height > (unsigned)-1 / width",
        "height != 0 && width > (unsigned)-1 / height",
    )


def test_zero_is_what_a_division_must_not_get() -> None:
    observed = _observed([{"n": 0, "m": 3}, {"n": 0, "m": 8}], [{"n": 2, "m": 3}, {"n": -1, "m": 0}])
    vocabulary = Vocabulary(integers={"n": INT, "m": INT}, mentioned=frozenset({"n", "m"}))
    assert _first(observed, vocabulary, Fault(family=Family.DIVISOR)) == "n == 0"


def test_what_is_left_between_two_pointers_is_a_bound() -> None:
    def state(at: int, need: int) -> State:
        return {"at": 4096 + at, "end": 4096 + 100, "need": need}

    vocabulary = Vocabulary(
        integers={"need": SIZE},
        pointers=(Pointer("at", 1, "char *"), Pointer("end", 1, "char *")),
        mentioned=frozenset({"need", "at", "end"}),
    )
    observed = _observed([state(90, 11), state(0, 101)], [state(90, 10), state(0, 100), state(99, 1)])
    assert _first(observed, vocabulary) == "need > (size_t)(end - at)"


def test_pointers_into_two_objects_have_no_distance_and_one_that_is_not_there_has_none_either() -> None:
    def state(other: int, need: int) -> State:
        at: State = {"at": 4096, before("at"): 0, "end": 4196, before("end"): 100}
        return {**at, "other": other, **({before("other"): 0} if other else {}), "need": need}

    pointers = tuple(Pointer(name, 1, "char *") for name in ("at", "end", "other"))
    vocabulary = Vocabulary(integers={"need": SIZE}, pointers=pointers)
    for elsewhere in (9000, 0):
        tried = [c.condition.text for c in candidates(_observed([state(elsewhere, 101)], [state(9000, 100)]), vocabulary, BOUND)]
        assert "need > (size_t)(end - at)" in tried
        assert not [text for text in tried if "other -" in text or "- other" in text]


def test_what_is_tried_stays_few_where_much_is_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    integers = {f"n{i}": INT for i in range(40)}
    pointers = tuple(Pointer(f"p{i}", 1, "char *") for i in range(30))
    state: State = {**dict.fromkeys(integers, 3), **{p.text: 4096 + i for i, p in enumerate(pointers)}, "n0": 0}
    vocabulary = Vocabulary(integers=integers, pointers=pointers, numbers=(4,))
    alone = _observed([state], [])
    assert sum(1 for _ in candidates(alone, vocabulary, BOUND)) < 10_000, "without a healthy state nothing tells most from `true`"
    assert sum(1 for _ in candidates(alone, vocabulary, Fault(family=Family.DIVISOR))) < 10_000
    seen: list[object] = []
    monkeypatch.setattr("mithridate.repair.learning.inference._MOST_TRIED", 500)
    monkeypatch.setattr("mithridate.repair.learning.inference.separates", lambda condition, _: bool(seen.append(condition)))
    learn(_observed([state], [{**state, "n0": 2}]), vocabulary, BOUND)
    assert len(seen) == 500


def _crowd(**values: int) -> State:
    return {**{f"n{i}": 5 + i for i in range(40)}, **values}


def test_what_is_right_is_learnt_where_forty_other_values_are_in_sight() -> None:
    names = {f"n{i}": INT for i in range(40)}
    sizes = [_crowd(x=2**31 - 4, y=9), _crowd(x=2**31 - 1, y=1)], [_crowd(x=2**31 - 4, y=3), _crowd(x=7, y=5)]
    vocabulary = Vocabulary(integers={**names, "x": INT, "y": INT}, mentioned=frozenset({"x", "y"}))
    assert "0x7fffffff - " in _first(_observed(*sizes), vocabulary, Fault(family=Family.WRAP))

    def state(offset: int, length: int) -> State:
        return _crowd(**{"off": offset, "len": length, "sizeof(buf)": 64, "p": 4096, after("p"): 64, before("p"): 0})

    observed = _observed([state(60, 5), state(0, 65), state(70, 1)], [state(60, 4), state(0, 64), state(63, 1)])
    vocabulary = Vocabulary(
        integers={**dict.fromkeys(names, SIZE), "off": SIZE, "len": SIZE},
        constants={"sizeof(buf)": SIZE},
        pointers=(Pointer("p", 1, "char *"),),
        mentioned=frozenset({"off", "len"}),
    )
    over = [_crowd(x=a, y=b, limit=100) for a, b in ((60, 41), (1, 150), (150, 1))]
    within = [_crowd(x=a, y=b, limit=100) for a, b in ((60, 40), (1, 99), (0, 0))]
    kinds = dict.fromkeys([*names, "limit", "x", "y"], SIZE)
    strangers_first = Vocabulary(integers=kinds, mentioned=frozenset({"limit", "x", "y"}))
    assert _first(_observed(over, within), strangers_first) in {f"{a} > limit || {b} > limit - {a}" for a, b in ("xy", "yx")}

    right = {f"{x} > sizeof(buf) || {y} > sizeof(buf) - {x}" for x, y in (("off", "len"), ("len", "off"))}
    assert _first(observed, vocabulary) in right


def test_a_pointer_that_has_left_its_object_still_has_a_distance_from_its_end() -> None:
    def state(at: int, inside: bool = True) -> State:
        seen = {before("at"): at} if inside else {before("at"): 4}
        return {"at": 4096 + at, "end": 4096 + 64, before("end"): 64, "n": 4, **seen}

    vocabulary = Vocabulary(
        integers={"n": SIZE}, pointers=(Pointer("at", 1, "char *"), Pointer("end", 1, "char *")), numbers=(4,)
    )
    observed = _observed([state(61), state(64), state(100, inside=False)], [state(60), state(0)])
    assert "end - at < 4" in [one.condition.text for one in learn(observed, vocabulary, BOUND)]


def test_a_sum_is_too_large_for_a_shift() -> None:
    vocabulary = Vocabulary(integers={"a": INT, "b": INT}, numbers=(31,), mentioned=frozenset({"a", "b"}))
    observed = _observed([{"a": 20, "b": 12}, {"a": 1, "b": 31}], [{"a": 20, "b": 11}, {"a": 1, "b": 30}, {"a": 0, "b": 0}])
    assert any(one.condition.text == "a > 31 || b > 31 - a" for one in learn(observed, vocabulary, Fault(family=Family.SHIFT)))


def test_an_index_below_zero_and_one_too_large_are_both_stopped() -> None:
    vocabulary = Vocabulary(
        integers={"i": INT}, constants={"sizeof(a) / sizeof(a[0])": SIZE}, mentioned=frozenset({"i"}), indices=frozenset({"i"})
    )
    states: list[State] = [{"i": i, "sizeof(a) / sizeof(a[0])": 8} for i in (-1, 8)]
    healthy: list[State] = [{"i": i, "sizeof(a) / sizeof(a[0])": 8} for i in (0, 7)]
    learnt = learn(_observed(states, healthy), vocabulary, BOUND)
    assert learnt and learnt[0].condition.text == "(size_t)i >= sizeof(a) / sizeof(a[0])"


def test_a_value_behind_a_null_pointer_is_never_asked_for() -> None:
    vocabulary = Vocabulary(integers={"p->n": INT}, numbers=(4,))
    healthy: list[State] = [{"p->n": 1}]
    assert _first(_observed([{"p->n": 5}], healthy), vocabulary)
    assert learn(_observed([{"p->n": 5}, {}], healthy), vocabulary, BOUND) == []


_VALUES = st.integers(0, 300)


@given(st.lists(st.tuples(_VALUES, _VALUES, _VALUES), min_size=1, max_size=12))
def test_whatever_is_learnt_separates_and_says_so_in_its_margin(triples: list[tuple[int, int, int]]) -> None:
    states: list[State] = [{"x": x, "y": y, "size": size} for x, y, size in triples]
    observed = _observed([s for s in states if s["x"] + s["y"] > s["size"]], [s for s in states if s["x"] + s["y"] <= s["size"]])
    vocabulary = Vocabulary(integers={"x": SIZE, "y": SIZE, "size": SIZE}, mentioned=frozenset({"x", "y"}))
    learnt = learn(observed, vocabulary, BOUND)
    if observed.violating and observed.healthy:
        assert learnt
    assert [one.cost for one in learnt] == sorted(one.cost for one in learnt)
    for one in learnt:
        assert separates(one.condition, observed)
        assert all((margin(one.condition, s) > 0) == one.condition.holds(s) for s in states)


_KINDS = st.sampled_from([CType(b, s) for b in (8, 16, 32, 64) for s in (True, False)])


@given(_KINDS, _KINDS, st.integers(), st.integers(), st.sampled_from("+-*/"))
def test_arithmetic_stays_in_the_type_that_c_gives_it(a: CType, b: CType, x: int, y: int, sign: str) -> None:
    state = {"x": a.wrapped(x), "y": b.wrapped(y)}
    expression = Binary(sign, Name("x", a), Name("y", b))
    kind = common(a, b)
    assert kind.bits >= 32 and expression.kind == kind
    try:
        value = expression.value(state)
    except Absent:
        assert sign == "/" and kind.wrapped(state["y"]) == 0
    else:
        assert value == kind.wrapped(value)


def test_a_negative_number_is_large_beside_an_unsigned_one_and_the_cast_says_so() -> None:
    comparison = compared(Name("n", INT), ">", Name("size", SIZE))
    assert comparison.text == "(size_t)n > size"
    assert comparison.holds({"n": -1, "size": 100}) and not comparison.holds({"n": 100, "size": 100})


def test_the_second_part_is_looked_at_only_where_c_would() -> None:
    some = Comparison("!=", Name("n", UNSIGNED), Number(0))
    over = Comparison(">", Name("m", UNSIGNED), Binary("/", Number(100), Name("n", UNSIGNED)))
    assert not Joined("&&", some, over).holds({"n": 0, "m": 5})
