"""Does a network's answer depend on its input at all? A check kind of three files, as orbitcheck's own are."""
