"""Prepare the source's face for drawing."""
