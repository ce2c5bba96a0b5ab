"""How the modules of a plug-in that is named by its file are found; imports nothing of ours."""
