"""What people type: parsing, printing, exit codes. One noun a file."""
