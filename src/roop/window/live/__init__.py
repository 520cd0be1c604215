"""The camera: a presenter and its view."""
