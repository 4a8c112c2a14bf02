"""An officer's words and moves on an order of the unit's own. What the duty desk does is ``duty_desk``."""
