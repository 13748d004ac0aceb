"""A morning at one relay, as a queue: who waits how long, at how many devices, on which machine.
Deterministic: the same numbers everywhere. Service times are measured ones (docs/SCALE.md names
the run); give others as NAME=VALUE. Prints a table.

Each device that starts its day connects, says hello, sends what it wrote, and fetches what its
team wrote: three requests over one connection. Processors are one queue, first come first served;
whatever waits to be written goes with one commit. Between requests a device needs a round trip."""
import heapq
import random
import sys

TIMES = {
    "connect_ms": 0.7,  # the relay's processor: TLS handshake and hello
    "push_ms": 2.4,     # check and append 20 single notes, sign their receipts
    "range_ms": 0.9,    # read and send what a team wrote
    "commit_ms": 8.0,   # one durable write, on a disk that others use too
    "trip_ms": 60.0,    # a phone's round trip
}
STARTING = 0.6          # of all devices, on one morning
LIMIT_S = 3 * 3600      # no morning lasts longer
# devices, seconds within which they begin, processors
MORNINGS = ((8, 1800, 1), (500, 1800, 1), (20000, 1800, 1), (20000, 1800, 2), (20000, 300, 1),
            (20000, 300, 2), (20000, 60, 2), (20000, 60, 4), (250000, 1800, 2), (250000, 300, 2))


def arrivals(count, window_s, rng):
    """Most in the middle: the sum of two even draws."""
    return sorted((rng.random() + rng.random()) / 2 * window_s for _ in range(count))


class Relay:
    """Processors, each busy until; and one disk, whose commit takes all who have come by then."""

    def __init__(self, processors, times):
        self.free = [0.0] * processors
        self.times = times
        self.work = 0.0
        self.disk_free = 0.0
        self.next_commit = None  # (start, end) of the commit that later comers may still join
        self.commits = 0

    def run(self, now, name):
        need = self.times[name] / 1e3
        start = max(now, heapq.heappop(self.free))
        heapq.heappush(self.free, start + need)
        self.work += need
        return start + need

    def commit(self, now):
        if self.next_commit is None or now > self.next_commit[0]:
            start = max(now, self.disk_free)
            self.disk_free = start + self.times["commit_ms"] / 1e3
            self.next_commit = (start, self.disk_free)
            self.commits += 1
        return self.next_commit[1]


def most_at_once(spans):
    """Connections: how many devices were being served or waited, at the worst moment."""
    ends, most = [], 0
    for began, end in spans:
        while ends and ends[0] <= began:
            heapq.heappop(ends)
        heapq.heappush(ends, end)
        most = max(most, len(ends))
    return most


def morning(devices, window_s, processors, times):
    rng = random.Random(20260921)
    relay = Relay(processors, times)
    trip = times["trip_ms"] / 1e3
    count = max(1, round(devices * STARTING))
    events = [(at, i, 0, at) for i, at in enumerate(arrivals(count, window_s, rng))]
    spans = []
    while events:
        at, i, stage, began = heapq.heappop(events)
        if at > LIMIT_S:
            return None
        if stage == 0:  # three trips: TCP, TLS, hello
            heapq.heappush(events, (relay.run(at, "connect_ms") + 3 * trip, i, 1, began))
        elif stage == 1:
            heapq.heappush(events, (relay.run(at, "push_ms"), i, 2, began))
        elif stage == 2:
            heapq.heappush(events, (relay.commit(at) + trip, i, 3, began))
        else:
            spans.append((began, relay.run(at, "range_ms") + trip))
    spans.sort()
    took = sorted(end - began for began, end in spans)
    last = max(end for _, end in spans)
    return {
        "syncs": count,
        "peak": count * 2 / window_s,
        "busy": 100 * relay.work / (processors * last),
        "commits": relay.commits,
        "at_once": most_at_once(spans),
        "p50": took[len(took) // 2],
        "p99": took[len(took) * 99 // 100],
        "late": max(0.0, last - window_s),
    }


def main():
    times = dict(TIMES)
    for argument in sys.argv[1:]:
        name, value = argument.split("=")
        if name not in times:
            sys.exit(f"simulate.py: no such time: {name}; there are {', '.join(times)}")
        times[name] = float(value)
    print(" ".join(f"{name}={value:g}" for name, value in times.items()))
    print("devices within s  cores    syncs  peak/s  busy  commits  at once  p50 s  p99 s  late s")
    for devices, window_s, processors in MORNINGS:
        row = morning(devices, window_s, processors, times)
        head = f"{devices:>7} {window_s:>8}  {processors:>5}"
        if row is None:
            print(f"{head}  takes longer than {LIMIT_S // 3600} hours")
            continue
        print(f"{head}  {row['syncs']:>7} {row['peak']:>7.1f} {row['busy']:>4.0f}% "
              f"{row['commits']:>8} {row['at_once']:>8} {row['p50']:>6.2f} {row['p99']:>6.2f} "
              f"{row['late']:>7.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
