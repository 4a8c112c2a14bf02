"""What an officer says and does with an order of the own unit. What the duty desk does is ``handlers/duty_desk``."""
