"""The desktop window: views on the studio, with a folder for each card.

A presenter decides what its card shows and does, and knows no toolkit. A view draws it.
"""
