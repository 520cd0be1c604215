"""Live pictures: cameras, the viewer page and recordings."""
