"""Plays a district's half year through the real handlers. Nothing of the product imports it."""
