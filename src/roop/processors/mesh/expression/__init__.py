"""The target's expression: its shape, its eyes."""
