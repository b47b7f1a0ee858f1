// Generation: see DESIGN.md.
