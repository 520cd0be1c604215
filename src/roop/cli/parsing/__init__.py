"""Turn flags, configuration files and environment variables into options."""
