"""What any service of this kind needs; no word of the domain."""
