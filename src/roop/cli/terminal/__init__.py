"""Print results, errors and progress, and handle signals."""
