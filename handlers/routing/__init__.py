"""The learned router in use and its training, and citizens who tell the same matter again.

Which unit gets an inquiry is decided in ``handlers/duty_desk``.
"""
