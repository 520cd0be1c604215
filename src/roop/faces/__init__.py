"""Find, follow and describe faces."""
