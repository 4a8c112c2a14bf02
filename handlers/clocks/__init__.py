"""When an order is looked at next, what it costs its unit, and what a month comes to.

Notices about it are sent in ``handlers/deadlines``.
"""
