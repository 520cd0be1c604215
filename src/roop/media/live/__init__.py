"""Live video: cameras, the viewer page and recordings."""
