"""Models as one more source of leads, seeds and patches, none of them trusted. Loaded only when models are configured."""
