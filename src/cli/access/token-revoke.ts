// `countersign token revoke`: a token is refused from now on, and stays in the list.
import { readTokenFile, tokenFile } from "../../storage/files/token-file.ts"
import { defineCommand } from "../command/options.ts"
import { assertDataDirectory, editTokens, namedTokens, tokenOptions } from "./token-options.ts"

export const tokenRevokeCommand = defineCommand({
  argument: ["<token>", "its ID, or a name: then all tokens of that name"],
  options: [...tokenOptions],
  help: `
A server that runs refuses it within two seconds; requests that it has let in are finished.

Example:
  countersign token revoke --data ./data ci`,
  async run({ data: path }, { output }, word: string) {
    const data = assertDataDirectory(path)
    const found = namedTokens(readTokenFile(tokenFile(data)) ?? [], word)
    const ids = found.filter(({ revoked }) => revoked === undefined).map(({ id }) => id)
    const now = Date.now()
    if (ids.length > 0) {
      await editTokens({
        ...{ data, event: "token-revoked" },
        about: { ids: ids.join(","), name: found[0]?.name ?? "" },
        // Also what was rotated in meanwhile.
        edit: (tokens) =>
          tokens.map((token) =>
            [token.id, token.name].includes(word) && token.revoked === undefined
              ? { ...token, revoked: now }
              : token,
          ),
      })
    }
    const title = ids.length > 0 ? `revoked: ${ids.join(", ")}` : "revoked before"
    output.result(title, [], { revoked: ids })
  },
})
