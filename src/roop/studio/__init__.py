"""What a window and a web page share: drafts, people, previews, and the runner of the queue."""
