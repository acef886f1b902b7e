"""Who saw a violation: the values of `Violation.detector`."""

from enum import StrEnum


class Detector(StrEnum):
    """Named as the tools name themselves in their reports."""

    ADDRESS_SANITIZER = "AddressSanitizer"
    UNDEFINED_BEHAVIOUR_SANITIZER = "UndefinedBehaviorSanitizer"
    LEAK_SANITIZER = "LeakSanitizer"
    LIBFUZZER = "libFuzzer"
    C_LIBRARY = "C library"
    KERNEL = "kernel"
    RESOURCE_LIMIT = "resource limit"
