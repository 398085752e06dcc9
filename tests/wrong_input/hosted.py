"""The hosted endpoint of these tests."""

from __future__ import annotations

from dataclasses import dataclass

from face_server import Loopback

from gem_assets.settings import Settings


@dataclass
class Hosted:
    """A hosted endpoint whose gene orders are known already, as after a first run."""

    server: Loopback
    settings: Settings
