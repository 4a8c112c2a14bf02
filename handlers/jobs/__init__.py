"""The queues, the sweep and what is due. The work itself stands with each subject."""
