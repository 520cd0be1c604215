"""The demo: a sample photo and a sample video, swapped and compared side by side."""
