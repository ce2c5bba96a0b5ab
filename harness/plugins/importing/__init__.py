"""How the modules of a plug-in that is named by its file are found, and how a built network is handed out.

May import weights.
"""
