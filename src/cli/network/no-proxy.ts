// NO_PROXY: what is reached without a proxy, by the rules of Go's programs (golang.org/x/net/http/httpproxy), which
// also take what curl's users write: names with all that is below them, addresses, networks, ports, and `*`.
import { BlockList, isIP } from "node:net"
import { domainToASCII } from "node:url"

type Rule = (host: string, port: string) => boolean

const MOST_RULES = 1_024

/** Without brackets and the final dot. */
function plainHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "")
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  const family = isIP(address)
  return family === 0 ? undefined : family === 4 ? "ipv4" : "ipv6"
}

/** Whether an address is one of those of `family` in `list`; IPv4 may be written inside of IPv6. */
function isIn(list: BlockList, family: "ipv4" | "ipv6", host: string): boolean {
  const own = familyOf(host)
  return own !== undefined && (own === "ipv6" || own === family) && list.check(host, own)
}

function networkRule(text: string): Rule | undefined {
  const [, address = "", length = ""] = /^([^/]+)\/([0-9]{1,3})$/.exec(text) ?? []
  const family = familyOf(plainHost(address))
  const bits = Number(length)
  if (family === undefined || bits > (family === "ipv4" ? 32 : 128)) return undefined
  const list = new BlockList()
  list.addSubnet(plainHost(address), bits, family)
  return (host) => isIn(list, family, host)
}

function addressRule(address: string): Rule | undefined {
  const family = familyOf(address)
  if (family === undefined) return undefined
  const list = new BlockList()
  list.addAddress(address, family)
  return (host) => isIn(list, family, host)
}

/** `name` is itself and all that is below it; `.name` and `*.name` only what is below it, as Go has it. */
function nameRule(text: string): Rule | undefined {
  const isBelowOnly = /^\*?\./.test(text)
  const name = domainToASCII(text.replace(/^\*?\./, ""))
  if (name === "") return undefined
  return (host) => host.endsWith(`.${name}`) || (!isBelowOnly && host === name)
}

/** Undefined for what says nothing; it is passed over, as others do. */
function ruleOf(entry: string): Rule | undefined {
  if (entry === "*") return () => true
  const network = networkRule(entry)
  if (network !== undefined) return network
  if (isIP(entry) !== 0) return addressRule(entry)
  const [, written = entry, port] = /^(.*):([0-9]{1,5})$/.exec(entry) ?? []
  const host = plainHost(written)
  const rule = addressRule(host) ?? nameRule(host)
  if (rule === undefined || port === undefined) return rule
  return (asked, askedPort) => askedPort === port && rule(asked, askedPort)
}

/** Whether a URL is reached without a proxy, by the text of NO_PROXY. */
export function parseNoProxy(text: string): (url: URL) => boolean {
  const entries = text.toLowerCase().split(/[\s,]+/, MOST_RULES)
  const rules = entries.map(ruleOf).filter((rule) => rule !== undefined)
  return ({ hostname, port, protocol }) => {
    const host = plainHost(hostname)
    const ownPort = port || (protocol === "https:" ? "443" : "80")
    return rules.some((rule) => rule(host, ownPort))
  }
}

const loopback = [networkRule("127.0.0.0/8"), addressRule("::1")]

/** This machine itself, which no proxy can reach for it. */
export function isLoopback({ hostname }: URL): boolean {
  const host = plainHost(hostname)
  return (
    host === "localhost" || host.endsWith(".localhost") || loopback.some((rule) => rule?.(host, ""))
  )
}
