// Embeddings: see DESIGN.md.
