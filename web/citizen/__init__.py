"""The public page, and the progress of one inquiry for its citizen. Nothing for officers."""
