"""What stands beside CuPy: the parts of SciPy that it has."""
