"""Start the linear path of the intensity head from ridge regression.

Intensity is nearly linear in displacement: least squares finds in seconds what gradient descent takes epochs for.
"""

import numpy as np
import torch
from torch import Tensor

from recognizer.augment import AugmentConfig, augment
from recognizer.clips import volume_of
from recognizer.network import MicroExpressionNet
from recognizer.windows import WindowSampler

_BATCH = 64
_RIDGE = 3000.0  # of 300 to 3000 the best on people held out (mean Pearson r 0.34 to 0.36)
_ACTIVE_WEIGHT = 5.0


@torch.no_grad()
def start_linear(
    net: MicroExpressionNet, sampler: WindowSampler, config: AugmentConfig, *, windows: int, seed: int
) -> None:
    """Sets ``net``'s direct path and bias; nothing happens to a network without that path.

    Every second frame of ``windows`` augmented windows is used; those whose intensities are not all known are left out.
    """
    if net.intensity.direct is None:
        return
    drawn = sampler.draw(np.random.default_rng([seed, 0]), windows)
    generator = torch.Generator().manual_seed(seed)
    width = net.frames.grid_width + 1
    gram, moment = torch.zeros(width, width, dtype=torch.float64), torch.zeros(width, net.intensity.frame.out_features)
    with_prior = net.config.prior == "ewp"
    for i in range(0, len(drawn), _BATCH):
        batch = augment(
            sampler.collate(drawn[i : i + _BATCH], net.config.frames, with_prior=with_prior), config, generator
        )
        known = torch.ones(len(batch.flow)) if batch.known is None else batch.known.amin(dim=(1, 2))
        chosen = known > 0
        grid = net.frames.grid_of(volume_of(batch.flow, batch.prior))[chosen, ::2].flatten(0, 1)
        truth = batch.intensity[chosen, ::2].flatten(0, 1).flatten(1)
        design = torch.cat([grid, torch.ones(len(grid), 1)], dim=1)
        weighted = design * torch.where(truth.amax(dim=1, keepdim=True) > 0.005, _ACTIVE_WEIGHT, 1.0)
        gram += (weighted.T @ design).double()
        moment = moment + weighted.T @ truth
    solution: Tensor = torch.linalg.solve(gram + _RIDGE * torch.eye(width), moment.double()).float()
    net.intensity.direct.weight.copy_(solution[:-1].T)
    net.intensity.frame.bias.copy_(solution[-1])
    net.intensity.frame.weight.mul_(0.05)  # what it adds is learned
