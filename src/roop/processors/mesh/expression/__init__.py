"""The target's expression: its shape and its eyes."""
