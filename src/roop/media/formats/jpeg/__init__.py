"""JPEG files: edit an image and keep the coefficients of all other blocks."""
