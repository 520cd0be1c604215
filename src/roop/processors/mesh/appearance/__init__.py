"""Light, colour, sharpness, and what covers a face."""
