"""Debian's coturn at the lab's server: the relay that a user owns."""

import hashlib
import shutil
import socket
import subprocess
import time

from .ends import Failure
from .world import SERVERS, socket_in

PORT, TLS_PORT = 3480, 5349
USER, PASSWORD, REALM = "ann", "a password", "netlab.test"


class Coturn:
    """A relay with an address of its own. Use it in a `with` statement."""

    def __init__(self, lab, *options):
        self.lab = lab
        self.options = options
        lab.starts += 1
        self.folder = lab.folder / f"coturn-{lab.starts:03}"
        self.password = self.folder / "password"
        self.process = None

    def __enter__(self):
        if shutil.which("turnserver") is None or shutil.which("openssl") is None:
            raise Failure("missing: apt-get install coturn openssl")
        self.folder.mkdir()
        self.password.write_text(PASSWORD + "\n")
        self._make_key()
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", "server", "turnserver", "-n", "--simple-log",
                 "--log-file=stdout", f"--listening-ip={SERVERS[1]}", f"--relay-ip={SERVERS[1]}",
                 f"--listening-port={PORT}", f"--tls-listening-port={TLS_PORT}", "--no-dtls",
                 "--lt-cred-mech", f"--user={USER}:{PASSWORD}", f"--realm={REALM}", "--no-cli",
                 f"--cert={self.folder}/certificate", f"--pkey={self.folder}/key",
                 f"--pidfile={self.folder}/pid", f"--userdb={self.folder}/db", *self.options],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait()
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()

    def log(self):
        """What it said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def environment(self, transport):
        """What tells sealift of it."""
        pin = f"#sha256={self.pin}" if transport == "tls" else ""
        port = TLS_PORT if transport == "tls" else PORT
        return {"SEALIFT_TURN": f"turn:{USER}@{SERVERS[1]}:{port}?transport={transport}{pin}",
                "SEALIFT_TURN_PASSWORD_FILE": str(self.password)}

    def _make_key(self):
        def openssl(*words, **options):
            return subprocess.run(["openssl", *words], cwd=self.folder, check=True,
                                  capture_output=True, **options).stdout
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", "/CN=relay", "-days", "2", "-keyout", "key", "-out", "certificate")
        key = openssl("x509", "-in", "certificate", "-pubkey", "-noout")
        self.pin = hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", input=key)).hexdigest()

    def _wait(self):
        """Until it listens."""
        deadline = time.monotonic() + 20
        while True:
            try:
                with socket_in("server", socket.AF_INET, socket.SOCK_STREAM) as caller:
                    return caller.connect((SERVERS[1], TLS_PORT))
            except ConnectionError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise Failure(f"coturn does not listen: {self.log()[-400:]}") from None
                time.sleep(0.1)
