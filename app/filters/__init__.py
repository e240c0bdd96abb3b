"""What claims are asked for by: the filters, and the statement that finds the ids of those that match."""
