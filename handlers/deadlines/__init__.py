"""What falls due: the deadline run, reminders, silence, the morning's figures, a changed calendar.

How long a limit is stands in ``bot/clocks``.
"""
