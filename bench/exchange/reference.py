"""One member of bench/exchange/compare: PyTorch's gloo. Reads RANK WORLD PORT, then lines of BYTES TIMES; answers with its
median and 10th percentile in seconds, and the process's time on the cores a call."""

import sys
import time

import torch
import torch.distributed

torch.set_num_threads(1)
rank, world, port = (int(word) for word in sys.stdin.readline().split())
store = torch.distributed.TCPStore("127.0.0.1", port, world, rank == 0)
torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=world)
print("ready", flush=True)
for line in sys.stdin:
    size, times = (int(word) for word in line.split())
    values = torch.ones(size // 4)
    torch.distributed.all_reduce(values)
    assert bool((values == world).all()), "the sum is wrong"
    values.zero_()
    taken, cpu = [], time.process_time()
    for _ in range(times):
        start = time.perf_counter()
        torch.distributed.all_reduce(values)
        taken.append(time.perf_counter() - start)
    cpu = time.process_time() - cpu
    taken.sort()
    print(taken[times // 2], taken[times // 10], cpu / times, flush=True)
