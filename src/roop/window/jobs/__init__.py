"""Jobs, their progress and results: a presenter and its view."""
