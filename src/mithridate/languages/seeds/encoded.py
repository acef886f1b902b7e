"""Pictures, films, sounds and a font that no few lines of ours could encode: a test pattern and a tone, through each codec.

`scripts/encode-samples.sh` makes them with the codecs' own encoders, as small as they go.
"""

from importlib import resources


def samples() -> dict[str, bytes]:
    """Name with extension to content."""
    folder = resources.files(__package__) / "encoded"
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir(), key=lambda f: f.name)}
