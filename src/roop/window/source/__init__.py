"""The new face: a presenter and its view."""
