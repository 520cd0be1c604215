"""Image file formats: read and write their chunks, segments and metadata."""
