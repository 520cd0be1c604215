"""Who may use the server, and how requests are checked."""
