"""AI-GAN's topology: equations (1) to (3) of the paper and the fusion, for parts of any kind.

One encoder e, two decoders d_O and d_T, two generators G_O and G_T that run twice: first on what the decoders
give, then on what the other branch leaves of the degraded signal I. The ablations of the paper are what is left out:
S-GAN has no T branch, D-GAN has no exchange. AI-CNN is AI-GAN trained without the adversarial terms (losses.py).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

Fusion = Literal["mean", "step2", "learned"]


class Estimates(NamedTuple):
    """What the two steps give, each of I's shape; None where the topology leaves it out.

    yhat is the paper's ŷ (step 1, eq. 2), ytilde its ỹ (step 2, eq. 3).
    """

    yhat_O: Tensor
    yhat_T: Tensor | None = None
    ytilde_O: Tensor | None = None
    ytilde_T: Tensor | None = None


class AIGAN(nn.Module):
    """The asynchronous interactive topology.

    Parts: `e(I) -> features`; `d(features) -> x`, of I's shape; `G(x, features) -> y`, of I's shape (a generator may
    ignore the features). Without `d_T` and `G_T` it is S-GAN; with `exchange=False` it is D-GAN.
    `fusion` is a rule's name, or a module on the channels of (ŷ_O, ỹ_O, I − ŷ_T) joined, which makes it "learned".
    """

    def __init__(
        self,
        *,
        e: nn.Module,
        d_O: nn.Module,
        G_O: nn.Module,
        d_T: nn.Module | None = None,
        G_T: nn.Module | None = None,
        exchange: bool = True,
        fusion: Literal["mean", "step2"] | nn.Module = "mean",
    ) -> None:
        super().__init__()
        self.e, self.d_O, self.G_O, self.d_T, self.G_T = e, d_O, G_O, d_T, G_T
        self.exchange = exchange
        self.fusion = fusion

    def forward(self, I: Tensor, *, interference: bool = True) -> Estimates:
        """Decompose I, (B, C, ...). ỹ_T, which the original does not need, is skipped without `interference`."""
        e, d_O, d_T, G_O, G_T = self.e, self.d_O, self.d_T, self.G_O, self.G_T

        features = e(I)
        x_O = d_O(features)  # (1)
        yhat_O = G_O(x_O, features)  # (2)
        if d_T is None or G_T is None:
            return Estimates(yhat_O)  # S-GAN

        x_T = d_T(features)  # (1)
        yhat_T = G_T(x_T, features)  # (2)
        if not self.exchange:
            return Estimates(yhat_O, yhat_T)  # D-GAN

        ytilde_O = G_O(I - yhat_T, features)  # (3)
        ytilde_T = G_T(I - yhat_O, features) if interference else None  # (3)
        return Estimates(yhat_O, yhat_T, ytilde_O, ytilde_T)

    def fuse(self, I: Tensor, estimates: Estimates) -> tuple[Tensor, Tensor | None]:
        """The result (O, T): the fusion of ŷ_O with ỹ_O and of ŷ_T with ỹ_T; T is None where ỹ_T was skipped."""
        yhat_O, yhat_T, ytilde_O, ytilde_T = estimates
        if yhat_T is None:
            return yhat_O, I - yhat_O
        if ytilde_O is None:
            return yhat_O, yhat_T
        if isinstance(self.fusion, nn.Module):
            O = self.fusion(torch.cat([yhat_O, ytilde_O, I - yhat_T], dim=1))
            return O, I - O
        if self.fusion == "step2":
            return ytilde_O, ytilde_T
        return (yhat_O + ytilde_O) / 2, None if ytilde_T is None else (yhat_T + ytilde_T) / 2
