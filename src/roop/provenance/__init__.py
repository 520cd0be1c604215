"""What is marked: every output says, signed and in plain words, that it was made by a machine."""
