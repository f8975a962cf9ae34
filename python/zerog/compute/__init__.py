"""The compute network: who serves models, who pays for them, and how an answer is shown to be the provider's."""
