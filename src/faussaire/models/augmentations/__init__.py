"""What D may see samples through: a file for each kind of data, and an entry here. A modality names its own."""

from __future__ import annotations

from faussaire.models.augmentations.images import OF_IMAGES
from faussaire.models.augmentations.music import OF_MUSIC
from faussaire.models.augmentations.sounds import OF_SOUNDS
from faussaire.models.augmentations.spec import Augmentation

AUGMENTATIONS: dict[str, Augmentation] = {**OF_IMAGES, **OF_MUSIC, **OF_SOUNDS}
"""By name, in the order of application."""
