"""The functional core: pure functions over frozen facts. Standard library only.

Times are integers: milliseconds since the Unix epoch for instants, milliseconds for spans.
"""
