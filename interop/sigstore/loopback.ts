// Keeps sigstore-js from asking a proxy for what is on this machine: it reads the environment once, when
// it is loaded, and does not take loopback addresses for an exception. So this is imported before it.

const LOOPBACK = "localhost,127.0.0.1"

for (const name of ["NO_PROXY", "no_proxy"]) {
  const others = process.env[name]
  process.env[name] = others === undefined ? LOOPBACK : `${others},${LOOPBACK}`
}
