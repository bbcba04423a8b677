"""The Marian model of the starter translator, its loss and its optimizer.

The architecture is `transformers.MarianMTModel`, so that a trained checkpoint takes the same
road to CTranslate2 as an OPUS-MT model. What is ours is what makes it learn fast on two cores:
a fused cross entropy and the Muon optimizer (https://kellerjordan.github.io/posts/muon/) for
the hidden matrices.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from transformers import MarianConfig, MarianMTModel

ROWS_AT_ONCE = 512


def working_type() -> torch.dtype:
    """Return bf16 where the processor computes with it, else float32, for emulated bf16 crawls."""
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    fast = any(getattr(torch.cpu, probe, bool)() for probe in probes)
    return torch.bfloat16 if fast else torch.float32


@dataclass(frozen=True)
class Size:
    """Width and depth of the model: deep encoder, shallow decoder."""

    width: int = 256
    feed_forward: int = 1024
    encoder_layers: int = 5
    decoder_layers: int = 2
    heads: int = 4


def build(size: Size, tokens: int, dropout: float) -> MarianMTModel:
    """Return a freshly initialized Marian model with one shared embedding."""
    config = MarianConfig(
        vocab_size=tokens,
        decoder_vocab_size=tokens,
        d_model=size.width,
        encoder_layers=size.encoder_layers,
        decoder_layers=size.decoder_layers,
        encoder_attention_heads=size.heads,
        decoder_attention_heads=size.heads,
        encoder_ffn_dim=size.feed_forward,
        decoder_ffn_dim=size.feed_forward,
        activation_function="swish",
        dropout=dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        max_position_embeddings=512,
        pad_token_id=tokens - 1,
        eos_token_id=0,
        forced_eos_token_id=0,
        bos_token_id=0,
        decoder_start_token_id=tokens - 1,
        scale_embedding=True,
        static_position_embeddings=True,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        use_cache=False,
        attn_implementation="eager",  # on a CPU faster than sdpa: its backward is slow,
    )
    return MarianMTModel(config)


class SmoothedCrossEntropy(torch.autograd.Function):
    """Label-smoothed cross entropy of a tied output layer, gradients made on the way forward.

    Working in chunks of rows keeps the logits in the cache; they are never stored.
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        hidden: torch.Tensor,
        table: torch.Tensor,
        targets: torch.Tensor,
        smoothing: float,
    ) -> torch.Tensor:
        """Return (smoothed, plain) mean loss; keeps the gradients for `backward`."""
        rows, vocabulary = hidden.shape[0], table.shape[0] - 1  # the last row is <pad>
        weights = table[:vocabulary].to(hidden.dtype)
        grad_hidden = torch.empty_like(hidden)
        grad_table = torch.zeros_like(table, dtype=torch.float32)
        total = plain_total = 0.0
        for start in range(0, rows, ROWS_AT_ONCE):
            part, wanted = hidden[start : start + ROWS_AT_ONCE], targets[start : start + ROWS_AT_ONCE, None]
            logits = (part @ weights.T).float()
            normalizer = logits.logsumexp(1, keepdim=True)
            plain = (normalizer - logits.gather(1, wanted)).sum().item()
            uniform = (normalizer.squeeze(1) - logits.mean(1)).sum().item()
            total += (1 - smoothing) * plain + smoothing * uniform
            plain_total += plain
            gradient = logits.sub_(normalizer).exp_().sub_(smoothing / vocabulary)
            gradient.scatter_add_(1, wanted, torch.full_like(normalizer, smoothing - 1.0))
            gradient = gradient.mul_(1.0 / rows).to(hidden.dtype)
            grad_hidden[start : start + ROWS_AT_ONCE] = gradient @ weights
            grad_table[:vocabulary] += gradient.T @ part
        ctx.save_for_backward(grad_hidden, grad_table)
        return hidden.new_tensor([total / rows, plain_total / rows], dtype=torch.float32)

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, *grads: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        """Scale the gradients that `forward` made."""
        grad = grads[0]
        grad_hidden, grad_table = ctx.saved_tensors  # type: ignore[attr-defined]
        return grad_hidden * grad[0].to(grad_hidden.dtype), grad_table * grad[0], None, None


def losses(
    model: MarianMTModel,
    table: torch.Tensor,
    source: torch.Tensor,
    target: torch.Tensor,
    smoothing: float,
) -> torch.Tensor:
    """Return (smoothed loss, plain cross entropy) a token, shape [2].

    Args:
        model: the Marian model; its own embedding is not used.
        table: the shared embedding in float32, shape [tokens, width].
        source: token numbers, shape [sentences, tokens].
        target: token numbers with end tokens, shape [sentences, tokens].
        smoothing: label smoothing, 0..1.
    """
    pad = table.shape[0] - 1
    dtype = model.model.encoder.layers[0].fc1.weight.dtype
    scale = math.sqrt(table.shape[1])
    mask = (source != pad).long() if bool((source == pad).any()) else None
    embedded = functional.embedding(source, table, padding_idx=pad) * scale
    encoded = model.model.encoder(inputs_embeds=embedded.to(dtype), attention_mask=mask).last_hidden_state
    shifted = torch.cat([torch.full_like(target[:, :1], pad), target[:, :-1]], dim=1)
    decoded = model.model.decoder(
        inputs_embeds=functional.embedding(shifted, table, padding_idx=pad).to(dtype),
        encoder_hidden_states=encoded,
        encoder_attention_mask=mask,
        use_cache=False,
    ).last_hidden_state
    kept = target != pad
    return SmoothedCrossEntropy.apply(decoded[kept], table, target[kept], smoothing)


def orthogonalized(matrices: torch.Tensor, rounds: int = 5) -> torch.Tensor:
    """Return the nearest semi-orthogonal matrices, approximately (Newton-Schulz).

    Coefficients from the reference implementation of Muon.

    Args:
        matrices: shape [count, rows, columns].
        rounds: iterations.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    work = matrices.to(working_type())
    tall = work.shape[1] > work.shape[2]
    if tall:
        work = work.transpose(1, 2).contiguous()
    work = work / (work.float().norm(dim=(1, 2), keepdim=True) + 1e-7).to(work.dtype)
    for _ in range(rounds):
        gram = work @ work.transpose(1, 2)
        work = a * work + (b * gram + c * (gram @ gram)) @ work
    if tall:
        work = work.transpose(1, 2)
    return work.float()


@dataclass(frozen=True)
class Rates:
    """Step sizes of one step."""

    matrix: float
    other: float
    decay: float = 0.0


class Optimizer:
    """Muon for matrices, Adam for the rest, over the tensors one process owns.

    Args:
        weights, gradients, first, second: float32 tensors, updated in place;
            `second` is used only where Adam is.
        is_matrix: whether a tensor is a hidden matrix.
    """

    def __init__(
        self,
        weights: Sequence[torch.Tensor],
        gradients: Sequence[torch.Tensor],
        first: Sequence[torch.Tensor],
        second: Sequence[torch.Tensor],
        is_matrix: Sequence[bool],
    ) -> None:
        self._all = list(zip(weights, gradients, first, second, is_matrix, strict=True))

    def step(self, number: int, rates: Rates) -> None:
        """Update the weights from the gradients; `number` counts from 1."""
        groups: dict[tuple[int, ...], list[tuple[torch.Tensor, torch.Tensor]]] = {}
        for weight, gradient, first, second, is_matrix in self._all:
            if is_matrix:
                first.lerp_(gradient, 0.05)
                update = gradient.lerp(first, 0.95)
                groups.setdefault(tuple(weight.shape), []).append((weight, update))
            else:
                self._adam(number, rates.other, weight, gradient, first, second)
        for shape, members in groups.items():
            updates = orthogonalized(torch.stack([update for _, update in members]))
            size = 0.2 * math.sqrt(max(shape)) * rates.matrix
            for (weight, _), update in zip(members, updates, strict=True):
                weight.mul_(1.0 - rates.matrix * rates.decay).sub_(update, alpha=size)

    @staticmethod
    def _adam(
        number: int,
        rate: float,
        weight: torch.Tensor,
        gradient: torch.Tensor,
        first: torch.Tensor,
        second: torch.Tensor,
    ) -> None:
        first.lerp_(gradient, 0.1)
        second.lerp_(gradient.square(), 0.02)
        scale = rate / (1.0 - 0.9**number)
        root = (second / (1.0 - 0.98**number)).sqrt_().add_(1e-9)
        weight.addcdiv_(first, root, value=-scale)


def load_weights(path: Path, last_share: float = 0.0) -> dict[str, torch.Tensor]:
    """Return the weights of a training checkpoint, by name.

    Args:
        path: The checkpoint.
        last_share: 0 for the moving average, 1 for the last weights, between for a mean of both: after a
            short fall of the step size the average still reaches back to before it.
    """
    state = torch.load(path, map_location="cpu", weights_only=True)
    average, last = state["average"], state["weights"]
    return {name: torch.lerp(average[name], last[name], last_share) for name in average}


def shipped_weights(folder: Path) -> dict[str, torch.Tensor]:
    """Return the weights of an exported int8 model under their names in training, dequantized.

    So that training can go on from what is shipped, without a checkpoint. The layout is that of CTranslate2's
    `ModelSpec.save` (binary version 6); each row of an int8 matrix has a scale by which it was multiplied.

    Args:
        folder: An exported model (``models/starter``).
    """
    raw = _ctranslate2_variables(folder / "model.bin")
    values = {
        name: tensor / raw[f"{name}_scale"][:, None] if f"{name}_scale" in raw else tensor
        for name, tensor in raw.items()
    }
    table = values["decoder/embeddings/weight"]
    found = {"model.shared.weight": torch.cat([table, torch.zeros(1, table.shape[1])])}
    for side in ("encoder", "decoder"):
        layer = 0
        while f"{side}/layer_{layer}/ffn/linear_0/weight" in values:
            theirs, ours = f"{side}/layer_{layer}", f"model.{side}.layers.{layer}"
            for part in ("weight", "bias"):
                fused = values[f"{theirs}/self_attention/linear_0/{part}"].chunk(3)
                for name, tensor in zip("qkv", fused, strict=True):
                    found[f"{ours}.self_attn.{name}_proj.{part}"] = tensor
                found[f"{ours}.self_attn.out_proj.{part}"] = values[
                    f"{theirs}/self_attention/linear_1/{part}"
                ]
                found[f"{ours}.fc1.{part}"] = values[f"{theirs}/ffn/linear_0/{part}"]
                found[f"{ours}.fc2.{part}"] = values[f"{theirs}/ffn/linear_1/{part}"]
            norms = {"self_attention": "self_attn_layer_norm", "ffn": "final_layer_norm"}
            if side == "decoder":
                norms["attention"] = "encoder_attn_layer_norm"
                for part in ("weight", "bias"):
                    key, value = values[f"{theirs}/attention/linear_1/{part}"].chunk(2)
                    found[f"{ours}.encoder_attn.k_proj.{part}"] = key
                    found[f"{ours}.encoder_attn.v_proj.{part}"] = value
                    found[f"{ours}.encoder_attn.q_proj.{part}"] = values[
                        f"{theirs}/attention/linear_0/{part}"
                    ]
                    found[f"{ours}.encoder_attn.out_proj.{part}"] = values[
                        f"{theirs}/attention/linear_2/{part}"
                    ]
            for theirs_norm, ours_norm in norms.items():
                found[f"{ours}.{ours_norm}.weight"] = values[f"{theirs}/{theirs_norm}/layer_norm/gamma"]
                found[f"{ours}.{ours_norm}.bias"] = values[f"{theirs}/{theirs_norm}/layer_norm/beta"]
            layer += 1
    return found


def _ctranslate2_variables(path: Path) -> dict[str, torch.Tensor]:
    kinds = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
    with path.open("rb") as file:

        def number(kind: str) -> int:
            return int(struct.unpack(f"<{kind}", file.read(struct.calcsize(kind)))[0])

        def text() -> str:
            return file.read(number("H"))[:-1].decode()

        version, _, _ = number("I"), text(), number("I")
        if version != 6:
            raise SystemExit(f"{path} has binary version {version}; 6 is known here")
        variables = {}
        for _ in range(number("I")):
            name = text()
            shape = [number("I") for _ in range(number("B"))]
            kind = kinds[number("B")]
            data = np.frombuffer(file.read(number("I")), dtype=kind)
            variables[name] = torch.from_numpy(data.astype(np.float32)).reshape(shape)
    return variables
