"""A layer for the MITRE ATT&CK Navigator (layer format 4.5): which techniques the cheapest paths use, and for what."""

from mithridate.model.estate import Answer
from mithridate.report.estate import words
from mithridate.report.json_v1 import Json, as_text
from mithridate.report.visible import shorten, visible

_LONGEST = 300
_MOST = 20
"""Sentences in a comment."""


def render(answer: Answer) -> str:
    """The layer, in pure ASCII."""
    return as_text(layer(answer))


def layer(answer: Answer) -> dict[str, Json]:
    """Score: on how many goals' cheapest paths a technique is. Comment: the sentences of its steps."""
    used = _used(answer)
    return {
        "name": "Attack paths",
        "versions": {"layer": "4.5", "navigator": "5.1.0"},
        "domain": "enterprise-attack",
        "description": f"{words.headline(answer)}. Score: on how many goals' cheapest paths.",
        "sorting": 3,
        "hideDisabled": False,
        "techniques": [
            {
                "techniqueID": technique,
                "score": len(goals),
                "comment": _comment(sentences),
                "enabled": True,
                "showSubtechniques": "." in technique,
            }
            for technique, (goals, sentences) in sorted(used.items())
        ],
        "gradient": {
            "colors": ["#fff3d6", "#c0392b"],
            "minValue": 0,
            "maxValue": max((len(g) for g, _ in used.values()), default=1),
        },
        "legendItems": [],
        "metadata": [],
    }


def _used(answer: Answer) -> dict[str, tuple[set[str], dict[str, None]]]:
    """For each technique the goals and, in order, the sentences."""
    found: dict[str, tuple[set[str], dict[str, None]]] = {}
    for goal in words.gravest_first(answer):
        for step in goal.paths[0].steps if goal.paths else ():
            for technique in step.techniques:
                goals, sentences = found.setdefault(technique, (set(), {}))
                goals.add(goal.node)
                sentences[step.sentence] = None
    return found


def _comment(sentences: dict[str, None]) -> str:
    told = [visible(shorten(s, _LONGEST)) for s in list(sentences)[:_MOST]]
    left = len(sentences) - len(told)
    return "\n".join([*told, *([f"… {left} more"] if left else [])])
