"""Follow faces from frame to frame, and select those that are replaced."""
