"""What a person reads: paths, explanations, worksheets, formulas and their notation."""
