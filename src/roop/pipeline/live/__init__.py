"""A live swap, from the camera to its viewers."""
