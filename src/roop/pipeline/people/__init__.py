"""Who takes part in a job: sources, references, mappings, and everybody found in a target."""
