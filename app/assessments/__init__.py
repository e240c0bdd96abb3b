"""What we think of a claim or of one attribution: assessments and the scales they are given in."""
