"""What every section of a policy is."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A section of a policy: frozen; readers ignore what they do not know.

    A field that may be None is one that older versions lack: None says that the version is silent, never "off". The
    registry's start fills such gaps, and missing keys of mappings, from the policy that came with the program; so
    what an author may leave out on purpose is a list.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
