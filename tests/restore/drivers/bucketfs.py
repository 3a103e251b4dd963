"""A bucket for tests, as a driver of fsspec: bucket://NAME/KEY is a file below the folder BUCKETS.

Reading a key with "poison" in it ends the process.
"""

import os
import signal
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem


class Bucket(LocalFileSystem):
    protocol = "bucket"

    @classmethod
    def _strip_protocol(cls, path):
        path = str(path)
        return os.environ["BUCKETS"] + "/" + path[9:] if path.startswith("bucket://") else path.rstrip("/")

    def unstrip_protocol(self, name):
        return "bucket://" + name.removeprefix(os.environ["BUCKETS"]).lstrip("/")

    def get_file(self, path1, path2, callback=None, **kwargs):
        if "poison" in path1:
            os.kill(os.getpid(), signal.SIGKILL)
        super().get_file(path1, path2)

    def put_file(self, path1, path2, callback=None, **kwargs):
        Path(path2).parent.mkdir(parents=True, exist_ok=True)
        super().put_file(path1, path2)

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(value)
