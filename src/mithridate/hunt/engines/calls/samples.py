"""Which format samples a function is likely to understand, by the words about it."""

from collections.abc import Sequence

from mithridate.hunt.engines.calls.door import Target
from mithridate.languages.seeds.library import format_samples, relevant

_LARGEST = 20_000


def fitting(target: Target, hints: Sequence[str], most: int = 8) -> list[tuple[str, bytes]]:
    """(name, content), the likeliest first. `hints`: more words, e.g. constants that inputs were compared with."""
    words = [target.function.replace("_", " "), target.module.replace(".", " ").replace("_", " "), target.doc[:2000], *hints]
    samples = format_samples()
    names = relevant([w for w in words if w], limit=most)
    return [(name, samples[name]) for name in names if len(samples[name]) <= _LARGEST]


def as_text(sample: bytes) -> str | None:
    """A sample that can be a text argument; None for binary ones."""
    try:
        text = sample.decode()
    except UnicodeDecodeError:
        return None
    return text if "\x00" not in text else None


SHORT = (
    "https://user:word@amber.example:8080/a/b;c?d=e&f=%20g#h",
    "amber@example.org",
    "1.2.3rc1+local.4",
    "2020-02-29T12:34:56.789+01:00",
    "Sat, 29 Feb 2020 12:34:56 GMT",
    "a=b; Path=/; Domain=amber.example; Max-Age=3600; HttpOnly",
    "text/html; charset=utf-8; q=0.8, */*;q=0.1",
    "amber-1.0-1-py3-none-any.whl",
    "amber-1.0.tar.gz",
    "amber[extra]>=1.0,<2.0; python_version < '3.9' # c",
    "Mozilla/5.0 (X11; Linux x86_64; rv:1.0) Amber/2.0",
    "git+https://amber.example/a/b.git@v1#egg=amber",
    "192.0.2.1/24",
    "[2001:db8::1%25eth0]:80",
    "en_GB.UTF-8@euro",
    "$Amber: 1,234.56 -7e-8 0x1F %s {0} $1\n",
    "#a .b > c[d='e']:not(f)::after { g: h(1px, 50%) !important }",
    "select a, (b + 1) as c from d where e = 'f' and g in (1, 2) order by h",
    "Basic YTpi",
    "bytes=0-9,20-29",
    "P1Y2M3DT4H5M6S",
    "*/5 0-6 1,15 * mon",
    "inf",
    "nan",
    "-1",
    "1e400",
    "0",
    "",
    "\\",
    "%",
)
"""Values of one line that functions often take apart."""
