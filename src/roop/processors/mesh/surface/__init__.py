"""The face mesh as a surface to render."""
