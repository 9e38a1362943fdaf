"""Derivatives checked by judges that do not know each other."""
