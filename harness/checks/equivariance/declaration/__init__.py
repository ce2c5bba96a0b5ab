"""A declared group beside the one that keeps the function, and what far elements do to the noise. What is declared of edits, and how they are read then. May import plugins, weights and core."""
