"""What happens on each message, job and page action. Rules are in ``bot``, queries in ``store``, pages in ``web``."""
