"""Segments of a long target: planned, done one by one, and kept in a work folder."""
