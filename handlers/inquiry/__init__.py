"""The moves of an inquiry and its orders that several subjects share.

Who may ask for them stands with each subject.
"""
