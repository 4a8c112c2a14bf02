"""From the webhook to the answer: taken once, understood, carried out.

What an act does stands with its subject.
"""
