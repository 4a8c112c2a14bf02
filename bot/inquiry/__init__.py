"""What an inquiry, an order and a request may become, and what may be asked for.

Time limits are computed in ``bot/clocks``.
"""
