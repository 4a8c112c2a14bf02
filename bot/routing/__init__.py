"""Whose matter a text is, by keywords and model together, and what must not be routed at all.

The model itself is ``classifier``.
"""
