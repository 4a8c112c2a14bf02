"""The learned router kept and trained, and who tells the same matter again.

Who gets an inquiry is decided in ``duty_desk``.
"""
