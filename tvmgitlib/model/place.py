"""What a record answers for, and the file of configs/ that it stands in."""

from __future__ import annotations

from msgspec import Struct

from tvmgitlib.model.target import Target
from tvmgitlib.model.workload import FamilyName, Workload, is_family_name

CONFIGS = "configs"


class ConfigsFile(Struct, frozen=True):
    """A file of configs/: the best records of one family for one target on one platform.

    Attributes:
        target: the target's folder, see `Target.folder`.
        platform: the platform's name.
        family: the tuner family.
    """

    target: str
    platform: str
    family: FamilyName

    @property
    def path(self) -> str:
        """Where it is below the library's root."""
        return f"{CONFIGS}/{self.target}/{self.platform}/{self.family}.jsonl"

    @classmethod
    def at(cls, path: str) -> ConfigsFile | None:
        """The file that such a path is of; None when it is none of configs/."""
        match path.split("/"):
            case [folder, target, platform, name] if folder == CONFIGS and name.endswith(".jsonl"):
                family = name.removesuffix(".jsonl")
                return cls(target, platform, family) if is_family_name(family) else None
        return None


class Place(Struct, frozen=True):
    """A workload on a target and platform: what a record answers for.

    Attributes:
        family: the tuner family.
        target: what code is generated for.
        platform: the name of the platform it is measured on.
        workload: what is computed.
    """

    family: FamilyName
    target: Target
    platform: str
    workload: Workload

    @property
    def task(self) -> tuple[str, str, str, str]:
        """Family, target key, workload text and limits of the device: the name of its task inside one job."""
        return (self.family, self.target.key, self.workload.text, self.target.limits_text)

    @property
    def order(self) -> tuple[str, str, str, str]:
        """What places are sorted by."""
        return (self.family, self.target.key, self.platform, self.workload.text)

    @property
    def computation(self) -> tuple[str, str, str, str]:
        """What is computed where, by whatever name a TVM gives it."""
        name = self.workload.signature or self.workload.text
        return (self.family, self.target.device_key, self.platform, name)

    @property
    def path(self) -> str:
        """The file under the library's root that its best records stand in."""
        return ConfigsFile(self.target.folder, self.platform, self.family).path

    def answers(self, asked: Place) -> bool:
        """Whether a lookup of `asked` finds what is recorded here, and may use it.

        See `Target.lookup_keys`; what was made under larger limits than those asked for is no answer.
        """
        return (
            self.workload == asked.workload
            and self.platform == asked.platform
            and self.target.device_key in asked.target.lookup_keys
            and asked.target.allows(self.target)
        )
