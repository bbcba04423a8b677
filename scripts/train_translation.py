#!/usr/bin/env python3
"""Train the starter translation model on the CPU (resumable, seeded).

    python scripts/train_translation.py --work-dir ../training --steps 6000
    python scripts/translation_export.py --work-dir ../training --out models/starter

The same command goes on where the last run was cut off, whatever cut it off. While it runs,
`echo 4000 > WORK_DIR/steps` moves the end of the schedule (the learning rate falls to zero
there), and `touch WORK_DIR/stop` ends it after saving. The schedule counts steps, never wall
time, so the process may be paused. Afterwards `--continue-steps N` starts a new schedule from
the finished weights, e.g. with `--pairs en-es,en-de,en-fr`. Without a checkpoint, `--start-from
models/starter` begins with the (dequantized) weights and the vocabulary of an exported model.

Two single-threaded processes each work on their own batch, share one set of weights in memory
and update half of it each: on a machine with other work this wastes far less than two threads
that wait for each other after every operation.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import json
import math
import os
import shutil
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch
import torch.multiprocessing as multiprocessing
from translation_data import (
    Batches,
    Corpus,
    Vocabulary,
    comparison_key,
    data_folder,
    encode_corpus,
    phrase_pairs,
    test_keys,
    train_vocabulary,
    training_pairs,
)
from translation_model import Optimizer, Rates, Size, build, losses, shipped_weights, working_type

CHECKPOINT = "checkpoint.pt"
DEVELOPMENT_PAIRS = 300


@dataclass(frozen=True)
class Plan:
    """Everything that decides what the run computes."""

    pairs: tuple[str, ...]
    seed: int
    tokens: int
    vocabulary: int
    matrix_rate: float
    other_rate: float
    warmup: int
    decay_share: float
    smoothing: float
    dropout: float
    noisy: float
    masked: float
    average: float
    workers: int


class Shared:
    """All state of the training, in memory that the processes share."""

    def __init__(self, named: dict[str, torch.Tensor], workers: int) -> None:
        self.names = list(named)
        self.shapes = [named[name].shape for name in self.names]
        sizes = [named[name].numel() for name in self.names]
        self.offsets = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
        total = self.offsets[-1]
        self.weights = torch.zeros(total).share_memory_()
        self.first = torch.zeros(total).share_memory_()
        self.second = torch.zeros(total).share_memory_()
        self.average = torch.zeros(total).share_memory_()
        self.gradients = torch.zeros(workers, total).share_memory_()
        # step, end of the schedule, its start, whether to stop, tokens seen
        self.counters = torch.zeros(5, dtype=torch.int64).share_memory_()
        self.losses = torch.zeros(workers, 2).share_memory_()
        self.weights.copy_(torch.cat([named[name].reshape(-1) for name in self.names]))
        self.average.copy_(self.weights)

    def views(self, flat: torch.Tensor) -> list[torch.Tensor]:
        """Return the parameters as views into a flat tensor."""
        return [
            flat[start:end].view(shape)
            for start, end, shape in zip(self.offsets[:-1], self.offsets[1:], self.shapes, strict=True)
        ]

    def save(self, path: Path, plan: Plan) -> None:
        """Write a checkpoint that is either whole or absent."""
        state = {
            "plan": json.dumps(asdict(plan)),
            "counters": self.counters.clone(),
            "first": self.first,
            "second": self.second,
            "weights": {n: v.clone() for n, v in zip(self.names, self.views(self.weights), strict=True)},
            "average": {n: v.clone() for n, v in zip(self.names, self.views(self.average), strict=True)},
        }
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go back to a checkpoint."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.first.copy_(state["first"])
        self.second.copy_(state["second"])
        for name in ("weights", "average"):
            flat = torch.cat([state[name][n].reshape(-1) for n in self.names])
            getattr(self, name).copy_(flat)
        self.counters.copy_(state["counters"])


def learning_rate(plan: Plan, step: int, start: int, end: int) -> float:
    """Return the factor 0..1 of the step sizes: warm-up, plateau, linear fall to zero."""
    warm = min(1.0, (step - start + 1) / plan.warmup)
    fall = (end - step) / max(1.0, plan.decay_share * (end - start))
    return max(0.0, min(warm, 1.0, fall))


class Worker:
    """One of the processes: gradients of its own batches, update of its own parameters."""

    def __init__(self, rank: int, plan: Plan, shared: Shared, batches: Batches, tokens: int):
        self.rank, self.plan, self.shared, self.batches = rank, plan, shared, batches
        torch.manual_seed(plan.seed)
        self.model = build(Size(), tokens, plan.dropout).to(working_type()).train()
        named = dict(self.model.named_parameters())
        self.parameters = [named[name] for name in shared.names]
        self.table_index = shared.names.index("model.shared.weight")
        self.table = shared.views(shared.weights)[self.table_index].clone().requires_grad_(True)
        self.masters = shared.views(shared.weights)
        self.own = [i for i in range(len(shared.names)) if self._owner(i) == rank]
        self.optimizer = self._build_optimizer()
        self.position = (-1, 0, 0)

    def _owner(self, index: int) -> int:
        # Tensors of one shape take turns, so that every worker has as much to orthogonalize.
        same = [i for i, shape in enumerate(self.shared.shapes) if shape == self.shared.shapes[index]]
        return same.index(index) % self.plan.workers

    def _build_optimizer(self) -> Optimizer:
        shared = self.shared
        self.gradient_views = [shared.views(row) for row in shared.gradients]

        def pick(flat: torch.Tensor) -> list[torch.Tensor]:
            views = shared.views(flat)
            return [views[i] for i in self.own]

        is_matrix = [len(shared.shapes[i]) == 2 and i != self.table_index for i in self.own]
        return Optimizer(
            pick(shared.weights),
            pick(shared.gradients[0]),
            pick(shared.first),
            pick(shared.second),
            is_matrix,
        )

    @torch.no_grad()
    def fetch(self) -> None:
        """Copy the shared weights into this process's model, which may be bf16."""
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            parameter.copy_(master)
            parameter.grad = None
        self.table.copy_(self.masters[self.table_index])
        self.table.grad = None

    def gradients(self, step: int) -> int:
        """Compute the gradients of one batch into the shared memory; return its tokens."""
        batch = self.batches.batch(*self._locate(step))
        torch.manual_seed(hash((self.plan.seed, step, self.rank)) % (2**31))
        source, target = torch.from_numpy(batch.source), torch.from_numpy(batch.target)
        result = losses(self.model, self.table, source, target, self.plan.smoothing)
        result[0].backward()
        self.shared.losses[self.rank] = result.detach()
        views = self.gradient_views[self.rank]
        for index, parameter in enumerate(self.parameters):
            if index == self.table_index:
                assert self.table.grad is not None
                views[index].copy_(self.table.grad)
            elif parameter.grad is not None:
                views[index].copy_(parameter.grad)
        return batch.source.size + batch.target.size

    def _locate(self, step: int) -> tuple[int, int]:
        """Return (epoch, batch) of this worker at a step, walking epochs of unequal length."""
        wanted = step * self.plan.workers + self.rank
        epoch, before = 0, 0
        cached = getattr(self, "_lengths", {})
        while True:
            if epoch not in cached:
                cached[epoch] = self.batches.locate(epoch)
            if wanted < before + cached[epoch]:
                self._lengths = cached
                return epoch, wanted - before
            before += cached[epoch]
            epoch += 1

    @torch.no_grad()
    def update(self, step: int, factor: float) -> None:
        """Add up the gradients of all workers and update this worker's parameters."""
        shared, plan = self.shared, self.plan
        for index in self.own:
            total = self.gradient_views[0][index]
            for other in range(1, plan.workers):
                total.add_(self.gradient_views[other][index])
            total.div_(plan.workers)
        rates = Rates(plan.matrix_rate * factor, plan.other_rate * factor, 0.05)
        self.optimizer.step(step + 1, rates)
        keep = min(plan.average, (step + 1) / (step + 10))
        averages = shared.views(shared.average)
        for index in self.own:
            averages[index].lerp_(self.masters[index], 1.0 - keep)


def run_worker(
    rank: int,
    plan: Plan,
    shared: Shared,
    batches: Batches,
    tokens: int,
    barrier: object,
    work_dir: Path,
    evaluate: object,
) -> None:
    """Run one process's part of the training until the schedule ends or a stop is asked."""
    torch.set_num_threads(1)
    if rank:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: die with the parent
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = Worker(rank, plan, shared, batches, tokens)
    meter = Meter(work_dir, plan, shared) if rank == 0 else None
    while True:
        step, end, start = (int(value) for value in shared.counters[:3])
        if step >= end or int(shared.counters[3]):
            break
        worker.fetch()
        seen = worker.gradients(step)
        barrier.wait()  # type: ignore[attr-defined]
        if bool(torch.isfinite(shared.losses).all()):
            worker.update(step, learning_rate(plan, step, start, end))
        barrier.wait()  # type: ignore[attr-defined]
        if meter is not None:
            shared.counters[0] += 1
            shared.counters[4] += seen * plan.workers
            meter.after_step(step + 1, worker, evaluate)
        barrier.wait()  # type: ignore[attr-defined]
    if rank == 0:
        shared.save(work_dir / CHECKPOINT, plan)


class Meter:
    """Log, checkpoints and outside control; only in the first process."""

    def __init__(self, work_dir: Path, plan: Plan, shared: Shared) -> None:
        self.work_dir, self.plan, self.shared = work_dir, plan, shared
        self.sums = torch.zeros(2)
        self.count = 0
        self.began = (time.process_time(), time.monotonic())
        self.stopping = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def after_step(self, step: int, worker: Worker, evaluate: object) -> None:
        """Count one step; log every 20, save every 100, evaluate every 500."""
        self.sums += self.shared.losses.mean(0)
        self.count += 1
        if step % 20 == 0:
            self._control()
            self._log(step)
        if step % 100 == 0:
            self.shared.save(self.work_dir / CHECKPOINT, self.plan)
        if step % 500 == 0:
            loss = evaluate(worker)  # type: ignore[operator]
            self._write({"step": step, "development_loss": round(loss, 4)})
        if self.stopping or (self.work_dir / "stop").exists():
            self.shared.counters[3] = 1

    def _control(self) -> None:
        path = self.work_dir / "steps"
        try:
            self.shared.counters[1] = int(path.read_text())
        except (OSError, ValueError):
            return

    def _log(self, step: int) -> None:
        active, wall = time.process_time(), time.monotonic()
        start, end = int(self.shared.counters[2]), int(self.shared.counters[1])
        loss, plain = (self.sums / self.count).tolist()
        self._write(
            {
                "step": step,
                "of": end,
                "loss": round(loss, 4),
                "cross_entropy": round(plain, 4),
                "rate": round(learning_rate(self.plan, step, start, end), 4),
                "tokens": int(self.shared.counters[4]),
                "active_s_step": round((active - self.began[0]) / self.count, 3),
                "wall_s_step": round((wall - self.began[1]) / self.count, 3),
            }
        )
        self.sums.zero_()
        self.count = 0
        self.began = (active, wall)

    def _write(self, entry: dict[str, float]) -> None:
        with (self.work_dir / "train.log").open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")


def prepare(plan: Plan, work_dir: Path) -> tuple[Vocabulary, Corpus, Corpus]:
    """Return the vocabulary, the training corpus and a small development corpus."""
    folder = data_folder()
    forbidden = test_keys(folder)
    vocabulary = Vocabulary(train_vocabulary(folder, work_dir, plan.vocabulary, forbidden))
    pairs = training_pairs(folder, plan.pairs, forbidden)
    generator = torch.Generator().manual_seed(13)
    order = torch.randperm(len(pairs), generator=generator).tolist()
    development = [pairs[i] for i in order[:DEVELOPMENT_PAIRS]]
    held = {comparison_key(text) for pair in development for text in (pair.left, pair.right)}
    training = [
        pairs[i]
        for i in sorted(order[DEVELOPMENT_PAIRS:])
        if comparison_key(pairs[i].left) not in held and comparison_key(pairs[i].right) not in held
    ]
    training += [
        pair
        for pair in phrase_pairs(plan.pairs, forbidden)
        if comparison_key(pair.left) not in held and comparison_key(pair.right) not in held
    ]
    return (
        vocabulary,
        encode_corpus(training, vocabulary, plan.seed),
        encode_corpus(development, vocabulary, plan.seed),
    )


def development_loss(worker: Worker, batches: Batches) -> float:
    """Return the cross entropy a token on the development pairs."""
    worker.fetch()
    worker.model.eval()
    total = count = 0.0
    with torch.no_grad():
        for index in range(batches.locate(0)):
            batch = batches.batch(0, index)
            size = float((batch.target != worker.table.shape[0] - 1).sum())
            result = losses(
                worker.model,
                worker.table,
                torch.from_numpy(batch.source),
                torch.from_numpy(batch.target),
                0.0,
            )
            total += float(result[1]) * size
            count += size
    worker.model.train()
    return total / count


def parse() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work-dir", type=Path, required=True, help="checkpoints and log")
    parser.add_argument("--pairs", default="en-es", help="comma-separated, e.g. en-es,en-de")
    parser.add_argument("--steps", type=int, default=5000, help="end of the schedule")
    parser.add_argument("--continue-steps", type=int, default=0, help="new schedule, more steps")
    parser.add_argument("--start-from", type=Path, help="an exported model whose weights to begin with")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=1300, help="longer side, a worker's batch")
    parser.add_argument("--vocabulary", type=int, default=10_000)
    parser.add_argument("--matrix-rate", type=float, default=3e-3)
    parser.add_argument("--other-rate", type=float, default=1.5e-3)
    parser.add_argument("--warmup", type=int, default=300)
    parser.add_argument("--decay-share", type=float, default=0.6)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--noisy", type=float, default=0.14, help="share of sources in spoken style")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def main() -> int:
    """Train, or go on training."""
    options = parse()
    plan = Plan(
        pairs=tuple(options.pairs.split(",")),
        seed=options.seed,
        tokens=options.tokens,
        vocabulary=options.vocabulary,
        matrix_rate=options.matrix_rate,
        other_rate=options.other_rate,
        warmup=options.warmup,
        decay_share=options.decay_share,
        smoothing=0.1,
        dropout=options.dropout,
        noisy=options.noisy,
        masked=0.12,
        average=0.998,
        workers=options.workers,
    )
    work_dir: Path = options.work_dir
    work_dir.mkdir(parents=True, exist_ok=True)
    lock = (work_dir / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"another run is at work in {work_dir}")
    (work_dir / "stop").unlink(missing_ok=True)
    torch.set_num_threads(1)
    if options.start_from and not (work_dir / "shared.model").exists():
        shutil.copyfile(options.start_from / "source.spm", work_dir / "shared.model")
    vocabulary, corpus, development = prepare(plan, work_dir)
    tokens = len(vocabulary.tokens)
    torch.manual_seed(plan.seed)
    model = build(Size(), tokens, plan.dropout)
    with torch.no_grad():
        model.model.shared.weight[-1].zero_()
    named = {
        name: value.detach()
        for name, value in model.named_parameters()
        if "embed_positions" not in name  # sinusoids, not learned
    }
    if options.start_from:
        begun = shipped_weights(options.start_from)
        if missing := [name for name in named if name not in begun]:
            sys.exit(f"{options.start_from} is another architecture; it has no {missing[0]}")
        named = {name: begun[name] for name in named}
    shared = Shared(named, plan.workers)
    shared.counters[1] = options.steps
    if (work_dir / CHECKPOINT).exists():
        shared.load(work_dir / CHECKPOINT)
        shared.counters[3] = 0
        if options.continue_steps:
            shared.counters[2] = shared.counters[0]
            shared.counters[1] = shared.counters[0] + options.continue_steps
            (work_dir / "steps").unlink(missing_ok=True)
    batches = Batches(
        corpus,
        tokens - 1,
        seed=plan.seed,
        tokens=plan.tokens,
        noisy=plan.noisy,
        masked=plan.masked,
    )
    check = Batches(development, tokens - 1, seed=1, tokens=2000, noisy=0.0, masked=0.0)
    print(f"{len(corpus)} samples, {tokens} tokens, {math.prod(shared.weights.shape)} parameters")

    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(plan.workers)
    common = (plan, shared, batches, tokens, barrier, work_dir)

    def evaluate(worker: Worker) -> float:
        return development_loss(worker, check)

    children = [
        context.Process(target=run_worker, args=(rank, *common, None), daemon=True)
        for rank in range(1, plan.workers)
    ]
    for child in children:
        child.start()
    signal.signal(signal.SIGCHLD, lambda *_: _child_ended(children, shared))
    run_worker(0, *common, evaluate)
    for child in children:
        child.join(60)
    return 0


def _child_ended(children: list[multiprocessing.Process], shared: Shared) -> None:
    """End at once when a worker died: the others would wait for it for ever."""
    for child in children:
        if child.exitcode not in (None, 0):
            print(f"worker died with {child.exitcode}; run again to go on", file=sys.stderr)
            os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
