"""What a magnified frame is judged by: equations 1 to 3 of paper 002, and the truth where it is known."""

from dataclasses import dataclass

import torch
import torch.nn.functional as nnf
from torch import Tensor

from recognizer.magnifier.optical import lucas_kanade, warp


@dataclass(frozen=True, slots=True)
class MagnifierLoss:
    """Weights. ``magnification`` and ``colour`` as in the paper, equation 3; ``truth`` and ``size`` of the displacement
    of warped stills, which the paper has not."""

    magnification: float = 1.0
    colour: float = 10.0
    truth: float = 10.0
    size: float = 10.0


def magnification_loss(flow: Tensor, magnified: Tensor, alpha: Tensor) -> Tensor:
    """Equation 1, a mean over points: |alpha F(I0, It) - F(I0, I~t)|; flows (B, 2, H, W), ``alpha`` (B, 1, H, W)."""
    return (alpha * flow - magnified).abs().mean()


def colour_loss(frame: Tensor, flow: Tensor, magnified_frame: Tensor, magnified: Tensor) -> Tensor:
    """Equation 2, a mean over pixels: |warp(It, F(I0, It)) - warp(I~t, F(I0, I~t))|, frames (B, C, H, W) in [0, 1]."""
    return (warp(frame, flow) - warp(magnified_frame, magnified)).abs().mean()


def truth_loss(field: Tensor, truth: Tensor) -> Tensor:
    """Mean over points of Huber's loss of field - truth, both (B, 2, H, W) in crop pixels: e^2 / 2 up to one pixel,
    then |e| - 1/2. Means, not medians: most of a face stands still, and a median would have the rest do so too."""
    return nnf.huber_loss(field, truth, delta=1.0)


def size_loss(field: Tensor, truth: Tensor) -> Tensor:
    """Mean over pictures of (1 - <field, truth> / <truth, truth>)^2: is there as much of the right movement as asked?

    The best guess under noise is a smaller movement, whatever the factor; this holds its size. A picture whose
    movement is below 0.03 px on average (root mean square) counts less.
    """
    together, alone = (field * truth).mean(dim=(1, 2, 3)), truth.square().mean(dim=(1, 2, 3))
    return ((alone - together) / (alone + 1e-3)).square().mean()


def flow_losses(
    rest: Tensor, frame: Tensor, magnified_frame: Tensor, alpha: Tensor, weights: MagnifierLoss
) -> dict[str, Tensor]:
    """Equations 1 to 3 for frames (B, 1, 112, 112) in [0, 1]; ``alpha`` (B, 1, 56, 56) at points of ``rest``.

    F is ``lucas_kanade`` at half the crop's resolution; flows count in crop pixels.
    """
    first, second, third = (nnf.avg_pool2d(picture, 2) for picture in (rest, frame, magnified_frame))
    with torch.no_grad():
        flow = lucas_kanade(first, second)
    magnified = lucas_kanade(first, third)
    magnification = 2.0 * magnification_loss(flow, magnified, alpha)
    colour = colour_loss(second, flow, third, magnified)
    total = weights.magnification * magnification + weights.colour * colour
    return {"magnification": magnification, "colour": colour, "total": total}
