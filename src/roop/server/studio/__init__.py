"""The studio behind the API: drafts, people, previews."""
