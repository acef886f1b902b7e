"""What a kind of weakness is and how such flaws are commonly repaired, one sentence each, for readers who meet the number first.

Definitions follow MITRE's Common Weakness Enumeration in our own words.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """`what` the weakness is; `remedy`: where to start repairing it."""

    what: str
    remedy: str


_BOUND = "Check the index or length against the size of the object, before the access and without overflow in the check itself."
_LIFETIME = "Make one owner responsible for releasing the object, and clear or drop every other reference when it does."
_INPUT = "Check the value where it enters, against what the code that follows can bear."
_LIMIT = "Put an upper bound on what one input may consume, and refuse the input beyond it."

_ADVICE = {
    119: Advice("Memory outside the object that was meant is read or written.", _BOUND),
    121: Advice("More is written to a buffer on the stack than it holds.", _BOUND),
    122: Advice("More is written to a buffer on the heap than it holds.", _BOUND),
    124: Advice("Memory before the start of a buffer is written.", _BOUND),
    125: Advice("Memory outside a buffer is read.", _BOUND),
    127: Advice("Memory before the start of a buffer is read.", _BOUND),
    129: Advice("An index from the input is used without a check that the array has such an element.", _BOUND),
    190: Advice(
        "A calculation gives a number that its type cannot hold.", "Check the operands before calculating, or use a wider type."
    ),
    195: Advice("A negative number is used as a size and becomes a very large one.", _INPUT),
    248: Advice("An exception leaves the program without a handler.", "Handle the exception where the input is read."),
    369: Advice("A number is divided by zero.", "Refuse a zero divisor where it enters."),
    401: Advice("Memory is not released after its last use.", _LIFETIME),
    415: Advice("The same memory is released twice.", _LIFETIME),
    416: Advice("Memory is used after it was released.", _LIFETIME),
    476: Advice(
        "A null pointer is used as if it pointed to an object.",
        "Check the pointer, or make the failure that produced it visible.",
    ),
    562: Advice("The address of a local variable is used after its function or block has ended.", _LIFETIME),
    590: Advice("Memory that the allocator did not hand out is released.", _LIFETIME),
    617: Advice("An assertion can be made to fail from outside.", "Handle the condition as an error of the input."),
    674: Advice("Calls nest as deep as the input asks for.", _LIMIT),
    761: Advice("A pointer into the middle of an object is released.", _LIFETIME),
    762: Advice(
        "Memory is released by another routine than the one that belongs to its allocation.",
        "Pair every allocation with its release.",
    ),
    763: Advice("A pointer that may not be released is released.", _LIFETIME),
    770: Advice("One input can take memory without limit.", _LIMIT),
    787: Advice("Memory outside a buffer is written.", _BOUND),
    789: Advice("The input decides how much memory is asked for in one go.", _LIMIT),
    822: Advice("A value from the input is used as an address.", _INPUT),
    823: Advice("An offset leads a pointer outside every object.", _BOUND),
    825: Advice("A pointer is used after what it pointed to is gone.", _LIFETIME),
    834: Advice("The input decides how long the program keeps working.", _LIMIT),
    1284: Advice("A quantity from the input is used without a check.", _INPUT),
    1335: Advice("A number is shifted by a negative amount or by more bits than it has.", _INPUT),
}

_GENERAL = Advice("Input from outside makes the program do what its language or its author forbids.", _INPUT)


def advice(cwe: int) -> Advice:
    """Advice for a CWE number; a general one for numbers we have no words for."""
    return _ADVICE.get(cwe, _GENERAL)
