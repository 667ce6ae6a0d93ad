// The options that commands on a container registry share, and the registry that they name.
import type { Fetch } from "../../client/exchange.ts"
import type { Credentials } from "../../client/registry/credentials.ts"
import type { Registry } from "../../client/registry/registry.ts"
import type { Patience } from "../../client/retrying.ts"
import { present } from "../../core/base/present.ts"
import { readText } from "./file.ts"
import { gathered, optional, preset, type ValuesOf } from "./options.ts"

const LONGEST_CONFIG = 1_048_576

export const registryOptions = [
  optional("--registry-config <file>", "credentials: a Docker config.json with auths"),
  preset(
    "--token-host <host>",
    "host of a token service that may be shown the credentials",
    gathered(String),
    [],
    "the registry's own",
  ),
  preset(
    "--redirect-host <host>",
    "host that the registry may redirect to, without credentials",
    gathered(String),
    [],
    "the registry's own",
  ),
] as const

export type RegistryOptions = ValuesOf<typeof registryOptions>

async function credentialsOf(
  file: string | undefined,
  url: string,
): Promise<Credentials | undefined> {
  if (file === undefined || !URL.canParse(url)) return undefined
  const text = await readText(file, "registry credentials", LONGEST_CONFIG)
  const { readCredentials } = await import("../../client/registry/credentials.ts")
  return readCredentials(text, new URL(url).host)
}

/**
 * The registry at this base URL. Refuses as `createRegistry()` and `readCredentials()` do; a command that may do without
 * a registry loads neither before it asks for one.
 */
export async function openRegistry(
  url: string,
  { registryConfig, tokenHost, redirectHost }: RegistryOptions,
  fetch: Fetch,
  signal?: AbortSignal,
  patience?: Patience,
): Promise<Registry> {
  const credentials = await credentialsOf(registryConfig, url)
  const { createRegistry } = await import("../../client/registry/registry.ts")
  const hosts = { tokenHosts: tokenHost, redirectHosts: redirectHost }
  return createRegistry({ url, fetch, ...hosts, ...present({ credentials, signal, patience }) })
}
