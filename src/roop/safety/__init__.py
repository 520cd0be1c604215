"""Screening of every source photo and every target for nudity."""
