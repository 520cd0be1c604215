"""JPEG files, whose blocks away from an edit keep their coefficients bit for bit."""
