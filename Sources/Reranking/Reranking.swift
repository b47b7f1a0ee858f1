// Reranking: see DESIGN.md.
