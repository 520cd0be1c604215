"""The networks: where their files are and how they are run."""
