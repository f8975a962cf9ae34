"""gRPC messages as the protocols define them: ``*.proto``, and what protoc made of them (``compile.py``)."""
