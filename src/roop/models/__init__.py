"""Neural networks: their files, and the libraries that run them."""
