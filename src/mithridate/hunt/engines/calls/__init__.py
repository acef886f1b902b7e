"""The calls engine: searches public functions and methods by batches of input documents with calls (docs/input-document.md).

door            the functions of a door: signatures, documentation, recorded calls
arguments       from a signature to calls worth trying
steps           calls as plain values, the texts in them, and input documents made of them
samples         format samples that a function is likely to understand
sources         regular expressions and constants of the package, read from its source
automaton       a regular expression as an automaton
ambiguity       where that can match in many ways, and texts that make it try them all
scalable        texts of one shape in any size
shapes_of_text  shapes that wear parsers down
growth          ladders of doubling sizes beside harmless ones
attack_values   from a mark at a sink to attacks
plans           what is tried with a target at each stage
outcome         what records say
state           what is known of every target; survives slices as JSON
promise         which targets are worth the most time
batches         what is run together, and what is not
measuring       measurements of expressions alone, which targets wait for
reach           how far calls got, and with which of them to go on
climbs          closer looks at what took long, ran out of stack or did not end
pursuit         from marks that reached a sink to attacks in the queue
finds           what is kept as a candidate, and of what enough is kept
planner         decides which calls to make next, and hands what they showed to those who learn from it
runner          runs batches in the sandbox
engine          runs slices: planner and runner in turn, and what is kept of them
"""
