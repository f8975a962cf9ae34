"""What consensus drives, and who drives it."""
