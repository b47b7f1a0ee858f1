// SubstringIndex: see DESIGN.md.
