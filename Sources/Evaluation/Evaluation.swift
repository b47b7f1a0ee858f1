// Evaluation: see DESIGN.md.
