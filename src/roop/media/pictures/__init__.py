"""Photos and animations: decoded into samples, and encoded in the form of their file."""
