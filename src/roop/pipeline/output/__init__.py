"""Names of outputs, records of jobs, and kept frames."""
