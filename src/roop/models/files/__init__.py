"""Model files: locate, download, verify, bundle, remove."""
