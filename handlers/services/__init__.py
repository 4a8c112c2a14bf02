"""What one process has, built by ``bootstrap.py`` and passed to every handler.

Nothing here decides anything.
"""
