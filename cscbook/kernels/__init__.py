"""Compiled loops, the few that arrays cannot do fast. NumPy arrays only; nothing else imports numba."""
