"""The same step in PyTorch. Reads one line per request from stdin ("step" or "memory"), answers one line of JSON each."""
import json, os, resource, sys, time

folder, mode, batch, d_in, d_sae, k, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:8])
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(threads)
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(threads)


def load(name, *shape):
    data = np.fromfile(os.path.join(folder, name + ".f32"), dtype=np.float32)
    return torch.from_numpy(data.reshape(shape).copy())


x = load("x", batch, d_in)
# torch.nn.Linear's layout, the fast one for F.linear
W_enc = torch.nn.Parameter(load("wEnc", d_in, d_sae).t().contiguous())
b_enc = torch.nn.Parameter(load("bEnc", d_sae))
W_dec = torch.nn.Parameter(load("wDec", d_sae, d_in))
b_dec = torch.nn.Parameter(load("bDec", d_in))
optimizer = torch.optim.Adam([W_enc, b_enc, W_dec, b_dec], lr=1e-3)


def step():
    pre = F.linear(x - b_dec, W_enc, b_enc)
    values, indices = torch.topk(pre, k, dim=-1, sorted=False)
    values = torch.relu(values)
    if mode == "embedding_bag":
        decoded = F.embedding_bag(indices, W_dec, per_sample_weights=values, mode="sum")
    else:
        decoded = torch.zeros_like(pre).scatter(-1, indices, values) @ W_dec
    loss = ((decoded + b_dec - x) ** 2).sum(-1).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


x @ x.t()  # loads the BLAS that torch found
with open("/proc/self/maps") as maps:
    openblas = "openblas" in maps.read()
print(json.dumps({"torch": torch.__version__, "openblas": openblas}), flush=True)
for line in sys.stdin:
    if line.strip() == "step":
        start = time.perf_counter()
        loss = step()
        print(json.dumps({"ms": (time.perf_counter() - start) * 1e3, "loss": loss}), flush=True)
    else:
        print(json.dumps({"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
