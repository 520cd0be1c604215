"""Detect faces in an image."""
