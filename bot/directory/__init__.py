"""Units, officers and the catalogue of matters, and the checks on a file of them.

Files are read in ``handlers/directory``.
"""
