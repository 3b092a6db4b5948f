"""The plain TopK recipe in PyTorch: tied unit-norm start, b_dec at the data's mean and subtracted, TopK and ReLU, AuxK for
dead latents, gradients without the component along their atom, atoms renormalised, Adam with warm-up and decay.

Reads a folder of raw float32 arrays and two recipes (JSON): first.json for a few steps from given weights, recipe.json for
the training run. Answers one line of JSON each on stdout.
"""
import json, os, signal, sys, time

signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this ends it
import numpy as np
import torch
import torch.nn.functional as F

folder = sys.argv[1]
MEAN_TOKENS = 16384


def say(kind, **figures):
    print(json.dumps({"kind": kind, **figures}), flush=True)


def load(name, *shape):
    data = np.fromfile(os.path.join(folder, name + ".f32"), dtype=np.float32)
    return torch.from_numpy(data.reshape(shape))


def recipe(name):
    with open(os.path.join(folder, name + ".json")) as file:
        return json.load(file)


class Trainer:
    def __init__(self, c, w_dec, b_dec):
        self.c = c
        self.W_dec = torch.nn.Parameter(w_dec.clone())  # [d_sae, d_in]
        self.W_enc = torch.nn.Parameter(w_dec.clone())  # [d_sae, d_in]: torch.nn.Linear's layout, the fast one for F.linear
        self.b_enc = torch.nn.Parameter(torch.zeros(c["d_sae"]))
        self.b_dec = torch.nn.Parameter(b_dec.clone())
        self.optimizer = torch.optim.Adam([self.W_enc, self.b_enc, self.W_dec, self.b_dec])
        self.since_fired = torch.zeros(c["d_sae"])
        self.step_count = 0

    def lr(self):
        c, step = self.c, self.step_count
        warmup = min(1, step / c["lr_warmup_steps"]) if c["lr_warmup_steps"] else 1
        # half up, as JavaScript rounds
        decay_steps = int(c["lr_decay_fraction"] * c["steps"] + 0.5)
        decay = min(1, (c["steps"] - step + 1) / decay_steps) if decay_steps else 1
        return c["lr"] * min(warmup, decay)

    def decode(self, pre, k):
        values, indices = torch.topk(pre, k, dim=-1, sorted=False)
        values = torch.relu(values)
        return F.embedding_bag(indices, self.W_dec, per_sample_weights=values, mode="sum"), values, indices

    def reconstruct(self, x):
        pre = F.linear(x - self.b_dec, self.W_enc, self.b_enc)  # [n, d_sae]
        decoded, values, indices = self.decode(pre, self.c["k"])
        return pre, decoded + self.b_dec, values, indices

    def aux_loss(self, pre, residual, dead):
        scores = pre.masked_fill(~dead, -1e6)
        revived, _, _ = self.decode(scores, self.c["aux_k"])
        energy = (residual**2).sum().clamp(min=1e-20)
        relative = ((residual - revived) ** 2).sum() / energy
        tokens = residual.shape[0]
        largest = scores.topk(self.c["aux_k"]).values
        below = (F.relu(-largest) * (largest > -5e5)).sum()  # the rest are not dead
        lift = below / (tokens * (energy / tokens).sqrt())
        return self.c["aux_k_coefficient"] * (relative + lift)

    def step(self, x):
        self.step_count += 1
        c = self.c
        dead = self.since_fired >= c["dead_after_tokens"]
        pre, reconstruction, values, indices = self.reconstruct(x)
        loss = ((reconstruction - x) ** 2).mean()
        if c["aux_k"] > 0 and bool(dead.any()):
            loss = loss + self.aux_loss(pre, (x - reconstruction).detach(), dead)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        with torch.no_grad():
            g, w = self.W_dec.grad, self.W_dec
            g -= (g * w).sum(1, keepdim=True) * w
            for group in self.optimizer.param_groups:
                group["lr"] = self.lr()
            self.optimizer.step()
            w /= w.norm(dim=1, keepdim=True).clamp(min=1e-8)
            self.since_fired += x.shape[0]
            self.since_fired[indices[values != 0]] = 0
        return loss.item()

    def dead(self):
        return int((self.since_fired >= self.c["dead_after_tokens"]).sum())


def check_first():
    c = recipe("first")
    x = load("x", c["steps"], c["batch_size"], c["d_in"])
    trainer = Trainer(c, load("wDec", c["d_sae"], c["d_in"]), load("bDec", c["d_in"]))
    say("first losses", losses=[trainer.step(batch) for batch in x])


def train():
    c = recipe("recipe")
    x = load("train", -1, c["d_in"])
    generator = torch.Generator().manual_seed(c["seed"])
    atoms = torch.randn(c["d_sae"], c["d_in"], generator=generator)
    order = torch.randperm(len(x), generator=generator)
    center = x[order[:MEAN_TOKENS]].double().mean(0).float()
    trainer = Trainer(c, atoms / atoms.norm(dim=1, keepdim=True), center)
    per_epoch = len(x) // c["batch_size"]
    started = said = time.perf_counter()
    for step in range(c["steps"]):
        place = step % per_epoch
        if place == 0 and step > 0:
            order = torch.randperm(len(x), generator=generator)
        loss = trainer.step(x[order[place * c["batch_size"] : (place + 1) * c["batch_size"]]])
        if time.perf_counter() - said > 1 or step in (0, c["steps"] - 1):
            said = time.perf_counter()
            say("step", step=step + 1, loss=loss, dead=trainer.dead())
    say("trained", seconds=time.perf_counter() - started, dead=trainer.dead())
    return trainer


def evaluate(trainer):
    c = trainer.c
    x = load("heldout", -1, c["d_in"])
    error, active, fired = 0.0, 0, torch.zeros(c["d_sae"], dtype=torch.bool)
    with torch.no_grad():
        for rows in x.split(4096):
            _, reconstruction, values, indices = trainer.reconstruct(rows)
            error += ((reconstruction - rows).double() ** 2).sum().item()
            active += int((values != 0).sum())
            fired[indices[values != 0]] = True
    variation = ((x.double() - x.double().mean(0)) ** 2).sum().item()
    say("heldout", fvu=error / variation, l0=active / len(x), dead=int((~fired).sum()))


x = torch.ones(64, 64)
x @ x.t()  # loads the BLAS that torch found
with open("/proc/self/maps") as maps:
    say("opened", torch=torch.__version__, openblas="openblas" in maps.read())
check_first()
evaluate(train())
