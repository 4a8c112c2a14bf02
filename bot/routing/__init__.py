"""Which unit a text belongs to, by keywords and model together, and what must not be routed by a machine.

The model itself is ``bot/classifier``.
"""
