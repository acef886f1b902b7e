"""Where a redirect or a request of the program goes, and who chose it."""

from collections.abc import Callable, Sequence

from mithridate.model.observation import Observation
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.escape import Escape, quoted
from mithridate.oracles.confinement.sent import Sent
from mithridate.oracles.confinement.spans import CANONICAL_TOKEN, Marked, marked
from mithridate.oracles.confinement.web_address import Host, redirect_host, requested_host, within


def redirected(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
    """A Location whose host the attacker chose, and which is not the application's own."""
    text = marked(attack)
    host = _chosen(text, [marked(c) for c in controls], redirect_host, sent)
    if host is None or host.name == redirect_host("//" + attack.detail.get("host", "")).name:
        return None
    part = quoted(text.text)
    return Escape(
        ViolationKind.OPEN_REDIRECT,
        f"The redirect to `{part}` takes a browser from the application to the host `{_shown(host)}`, which the attacker chose.",
        part,
    )


def requested(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
    """A request of the program itself to a host that the attacker chose."""
    text = marked(attack)
    host = _chosen(text, [marked(c) for c in controls], requested_host, sent)
    if host is None:
        return None
    part = quoted(text.text)
    return Escape(
        ViolationKind.REQUEST_FORGERY,
        f"The program itself tries to reach `{part}`, whose host `{_shown(host)}` the attacker chose.",
        part,
    )


def _chosen(attack: Marked, controls: Sequence[Marked], host_of: Callable[[str], Host], sent: Sent) -> Host | None:
    host = host_of(attack.text)
    harmless = [host_of(c.text) for c in controls]
    if not host.name or not attack.spans or within(host, harmless):
        return None
    if host.chosen:
        return host
    foreign = bool(harmless) and all(not h.chosen for h in harmless) and sent.contains(host.name)
    return host if foreign else None


def _shown(host: Host) -> str:
    return quoted(CANONICAL_TOKEN.sub("", host.name)) or "any"
