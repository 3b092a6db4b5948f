"""The training step in PyTorch on a GPU. Reads one line per request from stdin ("step"), answers one line of JSON each."""
import json, os, sys, time
import numpy as np
import torch
import torch.nn.functional as F

folder, device, decode, precision, batch, d_in, d_sae, k = *sys.argv[1:5], *map(int, sys.argv[5:9])
on_gpu = device.startswith("cuda")
torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
torch.backends.cudnn.allow_tf32 = precision == "tf32"


def load(name, *shape):
    data = np.fromfile(os.path.join(folder, name + ".f32"), dtype=np.float32)
    return torch.from_numpy(data.reshape(shape)).to(device)


x = load("x", batch, d_in)
# torch.nn.Linear's layout, the fast one for F.linear
W_enc = torch.nn.Parameter(load("wEnc", d_in, d_sae).t().contiguous())
b_enc = torch.nn.Parameter(load("bEnc", d_sae))
W_dec = torch.nn.Parameter(load("wDec", d_sae, d_in))
b_dec = torch.nn.Parameter(load("bDec", d_in))
fused = {"fused": True} if on_gpu else {}
optimizer = torch.optim.Adam([W_enc, b_enc, W_dec, b_dec], lr=1e-3, **fused)


def step():
    # Products in bf16; parameters, their gradients and Adam in float32: the usual mixed precision.
    with torch.autocast(device.split(":")[0], dtype=torch.bfloat16, enabled=precision == "bf16"):
        pre = F.linear(x - b_dec, W_enc, b_enc)
        values, indices = torch.topk(pre, k, dim=-1, sorted=False)
        values = torch.relu(values)
        if decode == "embedding_bag":
            decoded = F.embedding_bag(indices, W_dec, per_sample_weights=values.float(), mode="sum")
        else:
            decoded = torch.zeros_like(pre).scatter(-1, indices, values) @ W_dec
    loss = ((decoded.float() + b_dec - x) ** 2).sum(-1).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


def wait():
    if on_gpu:
        torch.cuda.synchronize()


print(json.dumps({"torch": torch.__version__, "on": torch.cuda.get_device_name() if on_gpu else "the CPU"}), flush=True)
for _ in sys.stdin:
    wait()
    start = time.perf_counter()
    loss = step()
    wait()
    print(json.dumps({"ms": (time.perf_counter() - start) * 1e3, "loss": loss}), flush=True)
