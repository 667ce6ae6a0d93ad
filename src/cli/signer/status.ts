// `countersign signer status`: what a signer remembers, also while it serves.
import { formatHex } from "../../core/base/text.ts"
import { readSignerMemory } from "../../storage/files/signer-memory.ts"
import { dataOption, defineCommand, jsonOption } from "../command/options.ts"
import { signerDirectory } from "./directory.ts"

export const signerStatusCommand = defineCommand({
  options: [dataOption("signer"), jsonOption()],
  help: `
Example:
  countersign signer status --data /var/lib/countersign-signer`,
  async run({ data, json }, { terminal }) {
    const { identity, head } = readSignerMemory(signerDirectory(data).memory)
    const { origin, treeId, keyFingerprints } = identity
    const root = formatHex(head.root)
    const text = json
      ? JSON.stringify({ origin, treeId, keyFingerprints, size: head.size, root })
      : [
          `origin: ${origin}`,
          `tree: ${treeId}`,
          ...keyFingerprints.map((fingerprint) => `key: SHA256 ${fingerprint}`),
          `signed: size ${head.size}, root ${root}`,
        ].join("\n")
    terminal.stdout.write(`${text}\n`)
  },
})
