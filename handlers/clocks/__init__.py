"""When an order is looked at next, what it costs its unit, and what a month comes to.

Nobody is told anything here.
"""
