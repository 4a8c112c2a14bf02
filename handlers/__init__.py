"""What happens on each message, job and page action."""
