"""The directed AU co-occurrence graph network."""
