"""The 468-point face mesh: laid, smoothed, and seen from the front."""
