"""How answers look: files, events, pages of lists, problems."""
