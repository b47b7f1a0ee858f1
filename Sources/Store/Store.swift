// Store: see DESIGN.md.
