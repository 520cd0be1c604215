"""The 468-point face mesh: fit it, smooth it over time, frontalise faces with it."""
