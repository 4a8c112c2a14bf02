"""The duty desk's page, ``/duty``. An officer's own order is ``web/officer``."""
