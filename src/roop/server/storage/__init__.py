"""The files of the server: uploads, media and results, under generated names."""
