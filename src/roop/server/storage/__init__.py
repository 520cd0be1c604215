"""The files of the server: uploads, media and results, under names that it makes itself."""
