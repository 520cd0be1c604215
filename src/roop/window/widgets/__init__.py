"""Widgets that the toolkit lacks: visible focus, drops, pictures, lines for errors."""
