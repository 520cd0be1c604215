"""Follow faces from frame to frame, and choose which are replaced."""
