"""Output files: complete under their final name, or not there at all."""
