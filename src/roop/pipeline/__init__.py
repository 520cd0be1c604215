"""Run jobs: read, screen, change, mark and write frames, here or in workers."""
