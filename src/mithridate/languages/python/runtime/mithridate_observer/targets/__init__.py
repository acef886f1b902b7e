"""Fuzz targets and property tests of the project itself, given bytes.

provider   reads values from bytes in the order in which Atheris does
stand_in   a module in Atheris' place, so that a target is imported and run without it
resolving  from a target's name to the function that takes the bytes
escaped    what an exception says that left a target
driving    `run.py fuzz`: lets the real Atheris search
"""
