"""A server for the Model Context Protocol: an outside agent or IDE uses what the command line uses, under the same scope and log.

`server` speaks the protocol (the official SDK, whose package is called `mcp` too), `workers` hands each call to a process of its
own, `worker` is that process, `abilities` are what it can do. Nothing of the SDK is loaded in a worker.
"""
