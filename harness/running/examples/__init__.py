"""Counter-examples: measured again, looked into module by module, and written as folders that run. May import what running may."""
