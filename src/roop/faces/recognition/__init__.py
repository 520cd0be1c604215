"""Tell people apart by descriptors of their faces."""
