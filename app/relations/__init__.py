"""Relations between claims."""
