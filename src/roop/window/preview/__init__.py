"""A frame before and after: a presenter and its view."""
