"""The options: a presenter and its view."""
