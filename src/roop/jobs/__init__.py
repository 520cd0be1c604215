"""A list of work that survives: many jobs, kept in a queue, done one after the other."""
