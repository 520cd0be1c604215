"""Segments of a long target: plan them, process them, keep them in a work folder."""
