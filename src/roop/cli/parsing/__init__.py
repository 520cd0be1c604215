"""From the command line, the environment and files to options."""
