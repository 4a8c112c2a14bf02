"""The learned model: features, training, probabilities and the words that decided.

Only workers load it. Choosing the unit in charge with its help is ``bot/routing``.
"""
