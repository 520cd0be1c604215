"""The people of a job: sources, references, mappings, and the people found in a target."""
