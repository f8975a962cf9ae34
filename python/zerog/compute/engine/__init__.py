"""What computes an answer: the native engine, or an OpenAI-compatible URL, behind one port."""
