"""The same way of timing as GmailCluster.Bench: steps for some seconds, then the median step."""

import statistics
import time


def rate(step, items, seconds, clock=time.perf_counter, warmup=2):
    """Items a second of the median step; time.process_time as the clock counts the process's own time on all cores."""
    for _ in range(warmup):
        step()
    times, end = [], clock() + seconds
    while clock() < end or len(times) < 3:
        start = clock()
        step()
        times.append(clock() - start)
    return items / statistics.median(times)
