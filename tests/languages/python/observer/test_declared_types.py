"""A declared type tells the inputs that a JSON body of it is made of."""

import enum
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

RUNTIME = Path(__file__).parents[4] / "src/mithridate/languages/python/runtime"


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class Address(TypedDict, total=False):
    street: str


class Line(BaseModel):
    article: str
    count: int = 1


class Order(BaseModel):
    note: Optional[str] = None  # noqa: UP045 (as many write it)
    lines: list[Line]
    size: Size
    way: Literal["post", "pigeon"] = "post"
    to: Address
    labels: dict[str, Any] | None = None
    mail: Annotated[str, Field(min_length=1, alias="e-mail")]


@pytest.fixture
def inputs() -> Iterator[Any]:
    sys.path.insert(0, str(RUNTIME))
    try:
        from mithridate_observer.accessors.declared import inputs

        yield inputs
    finally:
        sys.path.remove(str(RUNTIME))


def test_models_lists_objects_and_choices(inputs: Any) -> None:
    assert list(inputs(Order, True)) == [
        ("lines[].article", ""),
        ("lines[].count", "int?"),
        ("size", "=small"),
        ("to.street", "?"),
        ("e-mail", ""),
        ("note", "?"),
        ("way", "=post?"),
        ("labels.amber", "?"),
    ]


def test_what_may_be_left_out_makes_all_below_it_so(inputs: Any) -> None:
    assert list(inputs(Optional[Line], False, "line")) == [("line.article", "?"), ("line.count", "int?")]  # noqa: UP045


def test_a_type_that_holds_itself_ends(inputs: Any) -> None:
    class Node(BaseModel):
        name: str
        inner: "list[Node] | None" = None

    Node.model_rebuild(_types_namespace={"Node": Node})
    assert 2 < len(list(inputs(Node, True))) < 20
