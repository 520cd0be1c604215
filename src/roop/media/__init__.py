"""Readers and writers of photos, animations, videos and cameras."""
