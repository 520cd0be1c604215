"""The stages that a frame passes, at work at the same time."""
