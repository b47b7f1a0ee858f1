// LexicalIndex: see DESIGN.md.
