"""What elements of groups are made of: kinds of factors, roles of axes and places, matrices. Imports nothing of orbitcheck, nor torch."""
