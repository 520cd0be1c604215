"""Marks: every output says, signed and in plain words, that it was made with AI."""
