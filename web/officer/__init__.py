"""One order on an officer's phone, ``/s/<token>``. The duty desk's queue is ``web/duty_desk``."""
