"""Reader, analyser, processors and writer at work together."""
