// Programs that forget to wait for the disk.
import type { Canary } from "./canary.ts"

export const canaries: readonly Canary[] = []
