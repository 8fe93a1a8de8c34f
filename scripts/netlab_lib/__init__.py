"""The NAT lab behind scripts/netlab: worlds of namespaces, their routers, and what is tried in them."""
