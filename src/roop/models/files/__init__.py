"""Model files: downloaded, checked, bundled and removed."""
