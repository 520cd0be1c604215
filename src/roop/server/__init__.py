"""The web server: an API for programs, and the page that uses it."""
