"""What all ensembles share: members, their outputs, and how these are combined."""

from ensembles._ensemble._base import BaseEnsemble

__all__ = ["BaseEnsemble"]
