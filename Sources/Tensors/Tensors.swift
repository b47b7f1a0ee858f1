// Tensors: see DESIGN.md.
