// VectorIndex: see DESIGN.md.
