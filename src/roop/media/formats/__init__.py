"""Picture file formats taken apart and put together again, byte by byte."""
