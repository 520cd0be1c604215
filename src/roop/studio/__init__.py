"""What a window and a web page share: draft, people, preview and the runner of the queue."""
