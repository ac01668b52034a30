"""One process of bench/scaling/compare: training with PyTorch's DistributedDataParallel over gloo, one thread a process.

Reads RANK WORLD PORT STORE, then lines of TASK STEPS SKIP; answers with the seconds and the process's time on the cores of the steps
after SKIP. Models, batches, captions and pictures are those of samples/emoji/quick.yaml; weights are random.
"""

import glob
import os
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(here))

import torch  # noqa: E402
import torch.distributed as distributed  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from reference import emoji  # noqa: E402
from reference.bpe import Bpe  # noqa: E402
from reference.clip import Clip  # noqa: E402
from reference.gpt2 import ClipCap  # noqa: E402
from torch.nn.parallel import DistributedDataParallel  # noqa: E402

torch.set_num_threads(1)
torch.manual_seed(0)
rank, world, port, store = sys.stdin.readline().split()
rank, world = int(rank), int(world)
distributed.init_process_group("gloo", store=distributed.TCPStore("127.0.0.1", int(port), world, rank == 0), rank=rank, world_size=world)


class Loss(torch.nn.Module):
    """A captioner whose forward pass ends with the loss: what DDP hooks into."""

    def __init__(self, captioner):
        super().__init__()
        self.captioner = captioner

    def forward(self, *inputs):
        return self.captioner.loss(*inputs)


def own(rows):
    size = len(rows) // world
    return rows[rank * size : (rank + 1) * size]


def captioning():
    config, width = emoji.config("emoji-gpt2"), emoji.config("emoji-clip")["projection_dim"]
    bpe, batch = Bpe(os.path.join(emoji.folder, "emoji-gpt2"), clip=False), emoji.setting("caption", "batch_size")
    ids = [[*bpe.encode(caption)[:23], config["eos_token_id"]] for _, caption, _ in emoji.read_tar(os.path.join(emoji.folder, "noto/train.tar"))]
    features = F.normalize(torch.randn(len(ids), width), dim=-1)
    model = DistributedDataParallel(Loss(ClipCap(config, width, emoji.setting("caption", "prefix_length", 4))), gradient_as_bucket_view=True)
    adamw = emoji.optimiser(model)

    def step():
        rows = own(torch.randint(len(ids), (batch,)).tolist())  # every rank draws the same
        longest = max(len(ids[i]) for i in rows)
        tokens = torch.tensor([ids[i] + [0] * (longest - len(ids[i])) for i in rows])
        labels = torch.tensor([ids[i] + [-100] * (longest - len(ids[i])) for i in rows])
        adamw.zero_grad(set_to_none=True)
        model(features[rows], tokens, labels).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()

    return step


def alignment():
    config, batch = emoji.config("emoji-clip"), emoji.setting("align", "batch_size")
    width, size = config["projection_dim"], config["vision_config"]["image_size"]
    shards = sorted(glob.glob(os.path.join(store, "images/*/shards/*.tar")))
    pictures = [picture for shard in shards for picture, _, _ in emoji.read_tar(shard)]
    real, text = (F.normalize(torch.randn(len(pictures), width), dim=-1) for _ in range(2))
    model = DistributedDataParallel(Clip(config, int(emoji.SPEC["align"].get("lora", {}).get("rank", 4))).vision, gradient_as_bucket_view=True)
    adamw = emoji.optimiser(model)

    def step():
        rows = torch.randint(len(pictures), (batch,)).tolist()
        z = F.normalize(model(emoji.pixels([pictures[i] for i in own(rows)], size)), dim=-1)
        # The whole batch's embeddings, of which this rank's carry gradients: exact, as DDP takes the mean over ranks.
        gathered = [torch.empty_like(z) for _ in range(world)]
        distributed.all_gather(gathered, z.detach())
        gathered[rank] = z
        z, r, t = torch.cat(gathered), real[rows], text[rows]
        loss = emoji.info_nce(z, r, 1 / 0.07) + (1 - (z * r).sum(-1)).mean() + 0.5 * emoji.info_nce(z, t, 14.0) + 50 * emoji.mmd(z, r)
        adamw.zero_grad(set_to_none=True)
        (loss * world).backward()
        adamw.step()

    return step


tasks = {}
print("ready", flush=True)
for line in sys.stdin:
    task, steps, skip = line.split()
    if task not in tasks:
        tasks[task] = captioning() if task == "caption" else alignment()
    for done in range(int(steps)):
        if done == int(skip):
            start, cores = time.perf_counter(), time.process_time()
        tasks[task]()
    print(time.perf_counter() - start, time.process_time() - cores, flush=True)
