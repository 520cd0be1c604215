"""The source's face, made ready to be drawn."""
