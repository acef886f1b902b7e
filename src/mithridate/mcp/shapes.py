"""What an ability takes and gives."""

from collections.abc import Callable

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Answer = dict[str, Json]
Ability = Callable[..., Answer]
