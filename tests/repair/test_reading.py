"""Which functions the reader of C finds in sources that are no plain C to it."""

import pytest

from mithridate.repair.reading.c import CReader

OPENED = '#ifdef __cplusplus\nextern "C" {\n#endif\nint first(int n);\n'
UNBALANCED = (
    "int odd(int n)\n{\n#ifdef X\n    if (n) {\n#else\n    if (!n) {\n#endif\n        return 1;\n    }\n    return 0;\n}\n"
)
FUNCTIONS = (
    "int first(int n)\n{\n    if (n > 3)\n        return 1;\n    return 0;\n}\n\nint second(void)\n{\n    return first(2);\n}\n"
)


@pytest.mark.parametrize("before", ["", OPENED, UNBALANCED])
def test_functions_are_found_behind_what_is_not_understood(before: str) -> None:
    functions = CReader().read((before + FUNCTIONS).encode(), ".c").functions
    assert {"first", "second"} <= functions.keys()
    assert "if n > 3" in " ".join(s.text for s in functions["first"].statements).replace("(", "").replace(")", "")
