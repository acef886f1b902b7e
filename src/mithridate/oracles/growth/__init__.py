"""The resource oracle for code with an observer: time that grows faster than its input, loops without end, memory and recursion.

measured  from a document and an observer's records to sizes and times
fit       the exponent of a power law through sizes and times
verdict   from what was measured to a violation, or None
"""
