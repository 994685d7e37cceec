"""Judges of Part 4: multi-layer models."""
