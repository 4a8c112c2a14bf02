"""Units, officers and catalogue: read from a file, applied, exported, and work handed on to successors.

The rules for them are ``bot/directory``.
"""
