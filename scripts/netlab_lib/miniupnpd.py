"""Debian's miniupnpd at a lab's router: it opens ports for whoever asks by PCP, NAT-PMP or UPnP."""

import shutil
import subprocess

from .ends import Failure
from .world import sh

OUTSIDE = "45.10.0.1"  # what it says its outer address is: it maps no address of a documentation block


class Miniupnpd:
    """The daemon at one site's router. Use it in a `with` statement."""

    def __init__(self, lab, site):
        lab.starts += 1
        self.folder = lab.folder / f"miniupnpd-{lab.starts:03}"
        self.site = site
        self.process = None

    def __enter__(self):
        program = shutil.which("miniupnpd")
        if program is None:
            raise Failure("missing: apt-get install miniupnpd-nftables")
        self.folder.mkdir()
        sh("ip", "netns", "exec", self.site.router, "nft", "-f", "-", text="""
            table inet mapped {
                chain forwarded { }
                chain inward { }
                chain outward { }
                chain forward { type filter hook forward priority 0; jump forwarded; }
                chain prerouting { type nat hook prerouting priority -100; jump inward; }
                chain postrouting { type nat hook postrouting priority 100; jump outward; }
            }""")
        configuration = self.folder / "configuration"
        configuration.write_text(f"""ext_ifname=wan0
ext_ip={OUTSIDE}
listening_ip=lan0
port=5000
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
uuid=00000000-0000-0000-0000-000000000001
upnp_table_name=mapped
upnp_nat_table_name=mapped
upnp_forward_chain=forwarded
upnp_nat_chain=inward
upnp_nat_postrouting_chain=outward
allow 1024-65535 {self.site.lan}.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
""")
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.site.router, program, "-d", "-f", configuration,
                 "-P", self.folder / "pid"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()

    def mapped(self):
        """The rules of what it lets in, as nft says them."""
        text = sh("ip", "netns", "exec", self.site.router, "nft", "list", "chain", "inet", "mapped",
                  "inward")
        return [line.strip() for line in text.splitlines() if "dnat" in line]
