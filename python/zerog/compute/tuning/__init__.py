"""Fine-tuning: tasks from a signed request to a paid, encrypted adapter."""
