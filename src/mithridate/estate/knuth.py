"""Cheapest derivations over an AND/OR graph with cycles.

Knuth, "A generalization of Dijkstra's algorithm", Information Processing Letters 6(1), 1977: the cost of a derivation is the
instance's own cost and the costs of its premises' derivations, added up; that is superior, so atoms can be settled in the order
of their cost, each once. Time O((atoms + instances) log + premises), memory a few words for each.
"""

import numba
import numpy as np

from mithridate.estate.hypergraph import Floats, Ints, Longs

NONE = -1
"""No instance derives the atom (it is true from the start, or not derivable)."""


@numba.njit(cache=True, nogil=True)
def uses_of(starts: Longs, premises: Ints, atoms: int) -> tuple[Longs, Ints]:
    """For each atom the instances that need it (once for each time): where they begin, and they."""
    begin = np.zeros(atoms + 1, np.int64)
    for p in premises:
        begin[p + 1] += 1
    for a in range(atoms):
        begin[a + 1] += begin[a]
    place = begin[:-1].copy()
    instances = np.empty(premises.shape[0], np.int32)
    for e in range(starts.shape[0] - 1):
        for k in range(starts[e], starts[e + 1]):
            p = premises[k]
            instances[place[p]] = e
            place[p] += 1
    return begin, instances


@numba.njit(cache=True, nogil=True)
def _push(keys: Floats, items: Ints, size: int, key: float, item: int) -> int:
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if keys[parent] <= key:
            break
        keys[at] = keys[parent]
        items[at] = items[parent]
        at = parent
    keys[at] = key
    items[at] = item
    return size + 1


@numba.njit(cache=True, nogil=True)
def _pop(keys: Floats, items: Ints, size: int) -> int:
    """Remove the least, which the caller has read at place 0."""
    size -= 1
    key = keys[size]
    item = items[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[at] = keys[child]
        items[at] = items[child]
        at = child
    keys[at] = key
    items[at] = item
    return size


@numba.njit(cache=True, nogil=True)
def cheapest(
    heads: Ints,
    costs: Floats,
    starts: Longs,
    use_begin: Longs,
    use_instances: Ints,
    true: Ints,
    blocked: np.ndarray,
    stop_at: int,
    limit: float,
) -> tuple[Floats, Ints]:
    """The cost of the cheapest derivation of each atom (infinity: none), and the last instance of it.

    `true` are atoms that hold at no cost; `blocked` (instances,) is not 0 for instances that may not be used, or is empty.
    Ends early once `stop_at` (an atom, or NONE) is settled, or at costs above `limit`.
    """
    atoms = use_begin.shape[0] - 1
    count = heads.shape[0]
    dist = np.full(atoms, np.inf)
    best = np.full(atoms, NONE, np.int32)
    settled = np.zeros(atoms, np.bool_)
    missing = np.empty(count, np.int32)
    total = np.empty(count, np.float64)
    some_blocked = blocked.shape[0] == count and count > 0
    keys = np.empty(1024, np.float64)
    items = np.empty(1024, np.int32)
    size = 0
    for a in true:
        dist[a] = 0.0
        if size == keys.shape[0]:
            keys = np.concatenate((keys, np.empty_like(keys)))
            items = np.concatenate((items, np.empty_like(items)))
        size = _push(keys, items, size, 0.0, a)
    for e in range(count):
        missing[e] = starts[e + 1] - starts[e]
        total[e] = costs[e]
        if missing[e] == 0 and not (some_blocked and blocked[e]):
            h = heads[e]
            if costs[e] < dist[h]:
                dist[h] = costs[e]
                best[h] = e
                if size == keys.shape[0]:
                    keys = np.concatenate((keys, np.empty_like(keys)))
                    items = np.concatenate((items, np.empty_like(items)))
                size = _push(keys, items, size, costs[e], h)
    while size:
        key = keys[0]
        a = items[0]
        size = _pop(keys, items, size)
        if settled[a]:
            continue
        if key > limit:
            break
        settled[a] = True
        if a == stop_at:
            break
        for k in range(use_begin[a], use_begin[a + 1]):
            e = use_instances[k]
            missing[e] -= 1
            total[e] += key
            if missing[e] or (some_blocked and blocked[e]):
                continue
            h = heads[e]
            if not settled[h] and total[e] < dist[h]:
                dist[h] = total[e]
                best[h] = e
                if size == keys.shape[0]:
                    keys = np.concatenate((keys, np.empty_like(keys)))
                    items = np.concatenate((items, np.empty_like(items)))
                size = _push(keys, items, size, total[e], h)
    for a in range(atoms):
        if not settled[a]:
            dist[a] = np.inf
            best[a] = NONE
    return dist, best


@numba.njit(cache=True, nogil=True)
def relevant(heads: Ints, starts: Longs, premises: Ints, derived: np.ndarray, goals: Ints, blocked: np.ndarray) -> np.ndarray:
    """(instances,) 1 for those whose premises are all `derived` (atoms, not 0) and that some derivation of a goal can use."""
    atoms = derived.shape[0]
    count = heads.shape[0]
    begin = np.zeros(atoms + 1, np.int64)
    usable = np.zeros(count, np.uint8)
    some_blocked = blocked.shape[0] == count and count > 0
    for e in range(count):
        fine = not (some_blocked and blocked[e])
        for k in range(starts[e], starts[e + 1]):
            if not derived[premises[k]]:
                fine = False
                break
        if fine:
            usable[e] = 1
            begin[heads[e] + 1] += 1
    for a in range(atoms):
        begin[a + 1] += begin[a]
    place = begin[:-1].copy()
    makers = np.empty(begin[atoms], np.int32)
    for e in range(count):
        if usable[e]:
            makers[place[heads[e]]] = e
            place[heads[e]] += 1
    found = np.zeros(count, np.uint8)
    seen = np.zeros(atoms, np.bool_)
    stack = np.empty(atoms, np.int32)
    depth = 0
    for g in goals:
        if not seen[g]:
            seen[g] = True
            stack[depth] = g
            depth += 1
    while depth:
        depth -= 1
        a = stack[depth]
        for k in range(begin[a], begin[a + 1]):
            e = makers[k]
            found[e] = 1
            for j in range(starts[e], starts[e + 1]):
                p = premises[j]
                if not seen[p]:
                    seen[p] = True
                    stack[depth] = p
                    depth += 1
    return found
