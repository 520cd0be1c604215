"""What is changed, and who in it: a presenter and its view."""
