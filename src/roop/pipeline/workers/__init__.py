"""Whoever does segments: worker processes of this machine, and a Ray cluster."""
