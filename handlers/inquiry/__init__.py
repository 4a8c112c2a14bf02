"""The moves of an inquiry and its orders that several subjects share.

Who may ask for a move is decided in the package of each subject.
"""
