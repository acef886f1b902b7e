"""Ranges of addresses as zones."""

import ipaddress

from mithridate.estate.readers.interface import Sink

INTERNET = "zone:internet"


def zone_of_range(text: str, sink: Sink, place: int) -> str:
    """The zone of a range of addresses, stated; everything is the internet. ValueError for what is no range."""
    network = ipaddress.ip_network(text, strict=False)
    zone = INTERNET if network.prefixlen == 0 else f"zone:{network}"
    sink.fact("zone", zone, place=place)
    return zone


def is_everything(text: str) -> bool:
    """A range of all addresses."""
    return ipaddress.ip_network(text, strict=False).prefixlen == 0
