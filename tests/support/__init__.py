"""Files, films, people and servers that tests make."""
