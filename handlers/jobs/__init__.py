"""The queues, the sweep, and what is due by the clock. The work itself is in the package of each subject."""
