"""What is public about an anonymous source, all of it together, and how few it fits."""
