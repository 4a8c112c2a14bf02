"""The wenzheng command."""
