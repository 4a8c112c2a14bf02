"""What one process has and every handler is given: texts, clocks, caches, metrics, links. Built by
``bootstrap.py``.

No rule of the domain is decided here.
"""
