"""The learned model: features, training, probabilities, the words that decided.

Only workers load it. Whose matter it is, is ``routing``.
"""
