"""What happens on each message, job and page action. Rules stand in ``bot``, rows in ``store``."""
