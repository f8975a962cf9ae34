"""Our Solidity, its compiled artifacts, and where each contract stands."""
