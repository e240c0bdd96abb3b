"""What claims are listed by: for each audience, its values of what lists are filtered by, in the order of the lists."""
