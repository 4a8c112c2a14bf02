"""Working days, due times, the steps of a clock and what they cost. Nobody is told anything here."""
