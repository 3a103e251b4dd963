"""Half the bits where they do, all of them where they do not: bf16 and fp16 end at values that fp32 does not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

import numpy as np

from aigan.decomposition import Array, Context, Decomposition, ModelSpec, Restorer
from aigan.restore.capacity import Capacity, capacity_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FullPrecisionFallback:
    """A restorer in reduced precision; what comes out of it as no number is done anew in full, as `full` opens it."""

    reduced: Restorer
    full: Callable[[], Restorer]
    _opening: Lock = field(default_factory=Lock, init=False)  # several tiles may need it at once

    @property
    def spec(self) -> ModelSpec:
        """That of the restorer."""
        return self.reduced.spec

    @property
    def capacity(self) -> Capacity | None:
        """That of the restorer."""
        return capacity_of(self.reduced)

    def __call__(self, degraded: Array, *, context: Context | None = None) -> Decomposition:
        """Decompose a picture, (H, W, C)."""
        result = self.reduced(degraded, context=context)
        values = (result.original, result.interference, result.expected_error)
        if all(part is None or np.isfinite(part).all() for part in values):
            return result
        with self._opening:
            in_full = self._in_full
        return in_full(degraded, context=context)

    def context(self, whole: Array) -> Context | None:
        """That of the restorer."""
        return self.reduced.context(whole)

    @cached_property
    def _in_full(self) -> Restorer:
        """Opened, with a warning, when it is first needed."""
        logger.warning("%s gives values that are no numbers in this precision: redone in fp32", self.spec.name)
        return self.full()
