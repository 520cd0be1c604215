"""Videos: containers, decoding, encoding, streams and exact times."""
