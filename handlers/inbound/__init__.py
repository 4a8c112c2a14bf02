"""From the webhook to the answer: a message is taken once, understood, and its acts are carried out.

What an act does is found in the package of its subject.
"""
