"""A first look: a sample photo and a sample video, made, swapped and shown side by side."""
