// Retrieval: see DESIGN.md.
