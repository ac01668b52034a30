"""The same way of timing as GmailCluster.Bench: steps for some seconds, then the median step."""

import statistics
import time


def rate(step, items, seconds, warmup=2):
    """Items a second of the median step."""
    for _ in range(warmup):
        step()
    times, end = [], time.perf_counter() + seconds
    while not times or (time.perf_counter() < end or len(times) < 3):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return items / statistics.median(times)
