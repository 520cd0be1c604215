"""What a person sees at a terminal: progress, results, errors, and Ctrl+C."""
