"""Output files: written beside their final name, whole or not there at all."""
