"""The public page and one inquiry's progress for its citizen. Nothing for staff."""
