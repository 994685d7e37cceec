"""Judges of Part 3: global pursuits by local work."""
