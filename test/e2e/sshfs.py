# SPDX-License-Identifier: Apache-2.0
"""sshfs over loopback, with an SFTP server of its own behind one connection."""

import os
import socket
import subprocess

from harness import wait_for

SFTP_SERVER = "/usr/lib/openssh/sftp-server"
SIZE = 16 << 20


class Sshfs:
    """Serves a file `data`."""

    def __init__(self, directory):
        served, self.label = directory / "served", str(directory / "sshfs")
        served.mkdir()
        os.mkdir(self.label)
        (served / "data").write_bytes(os.urandom(SIZE))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            self.client = subprocess.Popen(["sshfs", "-f", "-o", f"directport={port}",
                                            f"127.0.0.1:{served}", self.label])
            listener.settimeout(20)
            connection, _ = listener.accept()
        with connection:
            self.process = subprocess.Popen([SFTP_SERVER], stdin=connection, stdout=connection)
        wait_for(lambda: os.path.ismount(self.label), "sshfs mounted")

    def path(self):
        return os.path.join(self.label, "data")

    def end(self):
        for process in (self.client, self.process):
            process.kill()
            process.wait(20)
        subprocess.run(["umount", "-l", self.label], check=False, stderr=subprocess.DEVNULL)
