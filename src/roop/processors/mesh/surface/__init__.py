"""The face mesh as a surface to draw on."""
