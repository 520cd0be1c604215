"""Photos and animations: read, decode, encode and write image files."""
