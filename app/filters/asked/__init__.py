"""What a question asks of claims, one condition after another."""
