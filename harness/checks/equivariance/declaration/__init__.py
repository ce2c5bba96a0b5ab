"""A declared group beside the one that keeps the function, and what far elements do to the noise. May import core and weights."""
