"""Frames and their pixels: layouts, colour, orientation, and editing inside a box."""
