"""What every script that compiles tests begins with: the system's compiler, ordinary flags, a bounded number of jobs."""

from mithridate.repair.suites.interface import Plan

FLAGS = "MITHRIDATE_TEST_FLAGS"
"""Environment variable with flags for compiler and linker, on top of the ordinary ones."""

ORDINARY = "-g -O1 -w -fcommon"
PRELUDE = f"""
for name in cc gcc clang; do if command -v $name >/dev/null 2>&1; then CC=$name; break; fi; done
for name in c++ g++ clang++; do if command -v $name >/dev/null 2>&1; then CXX=$name; break; fi; done
CFLAGS="{ORDINARY} ${FLAGS}"; CXXFLAGS="$CFLAGS"; LDFLAGS="${FLAGS}"; JOBS=$(nproc 2>/dev/null || echo 2)
export CC CXX CFLAGS CXXFLAGS LDFLAGS; unset {FLAGS}
"""
SANITIZED = {
    FLAGS: "-fsanitize=address -fno-omit-frame-pointer",
    # A leak has a step of its own; here it would hide what the test says.
    "ASAN_OPTIONS": "detect_leaks=0:exitcode=99:detect_odr_violation=0",
}
"""Environment in which a plan's tests are compiled with AddressSanitizer."""


def sanitized(plan: Plan) -> bool:
    """Whether the plan can be run a second time under AddressSanitizer."""
    return plan.compiled
