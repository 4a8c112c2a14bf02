"""Units, officers and catalogue: read from a file, applied, exported, handed on to successors.

Their rules are ``bot/directory``.
"""
