# La démonstration.
