"""What an inquiry, an order and a request may become, and what may be asked for.

No time limits: those are ``clocks``.
"""
