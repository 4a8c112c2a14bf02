"""Units, officers and the catalogue of matters, and what is wrong with a file of them.

Files are read in ``handlers/directory``.
"""
