"""Judges of Part 5: networks as pursuits."""
