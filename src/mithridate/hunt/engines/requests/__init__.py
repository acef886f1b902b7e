"""The request engine: searches applications by planned batches of input documents (docs/input-document.md).

views     what an observer's records say, as far as planning needs it, and the seam to whatever runs documents
document  requests with marked inputs, and input documents made of them
supply    from what a handler asks for to requests that answer it
breakouts from a witness (a mark at a sink) to harmless attacks in the sink's grammar; special documents for parsers
variants  an attack in other clothes, for data that is filtered on its way
state     what is known of every unit (route and method); survives slices as JSON
planner   decides which documents to run next, and learns from what they showed
reduction makes a document that fired small
engine    runs slices: planner and runner in turn, and what is kept of them
"""
