"""A small window from which files are dragged, as from a file manager."""

import sys
import tkinter
from pathlib import Path

from tkinterdnd2 import COPY, DND_FILES, TkinterDnD


def main() -> None:
    place, *files = sys.argv[1:]
    addresses = tuple(Path(file).as_uri() for file in files)
    root = TkinterDnD.Tk(className="Source")
    # Tk would send the addresses as numbers; file managers send text.
    root.tk.eval("proc ::tkdnd::xdnd::getFormatForType {type} {return UTF8_STRING}")
    root.overrideredirect(True)
    root.geometry(place)
    field = tkinter.Label(root, text="drag me", bg="white")
    field.pack(fill="both", expand=True)
    field.drag_source_register(1, DND_FILES)
    field.dnd_bind("<<DragInitCmd>>", lambda event: (COPY, DND_FILES, addresses))
    field.dnd_bind("<<DragEndCmd>>", lambda event: root.after(300, root.destroy))
    root.after(20_000, root.destroy)
    root.mainloop()


main()
