"""Mithridate: a self-hosted, autonomous vulnerability-research system for defenders."""

__version__ = "0.1.0"
