"""Where and in which precision a network computes."""

from typing import Any

import torch

from curves.errors import SetupError


def pick_device(name: str) -> torch.device:
    """``auto`` is CUDA where there is one; SetupError if CUDA is asked for and missing."""
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device: expected auto, cpu or cuda, got {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise SetupError('torch finds no CUDA device on this machine: choose device "cpu" or install torch for CUDA.')
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def computes_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is in the hardware: elsewhere it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    capabilities: dict[str, Any] = getattr(
        torch.cpu, "get_capabilities", dict
    )()  # torch < 2.11 does not tell: float32 is safe
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def picks_bf16(precision: str, device: torch.device) -> bool:
    """``auto``: as the hardware has it; ``fp32`` and ``bf16``: as asked."""
    if precision not in ("auto", "fp32", "bf16"):
        raise ValueError(f"precision: expected auto, fp32 or bf16, got {precision!r}")
    return precision == "bf16" or (precision == "auto" and computes_bf16(device))
