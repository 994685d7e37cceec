"""Judges of Part 2: convolutional dictionaries, stripes and local sparsity."""
