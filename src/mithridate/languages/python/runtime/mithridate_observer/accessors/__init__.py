"""What frameworks offer for reading a request, made to tell what is read."""
