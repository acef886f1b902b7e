"""Models that are no models: a server that speaks the protocol and says what it was told to, with a skill and a rate of lies."""
