"""Which days are working days: shared by all that wait, remind and expect. Pure."""
