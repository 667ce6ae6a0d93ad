// `countersign monitor rescan`: has a monitor judge entries again that it has judged before, by its present watch file.
import { decimalArgument, defineCommand, preset } from "../command/options.ts"
import { leaveRescanRequest, monitorDirectory, readState, stateOptions } from "./directory.ts"

export const monitorRescanCommand = defineCommand({
  options: [
    ...stateOptions,
    preset("--from <index>", "the first entry to judge again, counted from 0", decimalArgument, 0),
  ],
  help: `
A changed watch file is applied to the past by itself; this is for whoever wants that again. The monitor that
runs, or the next one that starts, reads the entries once more in the background, compares each with the leaf
hash that it keeps, and says in its status how far it is.

Example:
  countersign monitor rescan --data /var/lib/monitor --from 100000`,
  async run({ data, key, passphraseFile, from }, { terminal }) {
    const directory = monitorDirectory(data, key, passphraseFile)
    // Refused where there is no monitor.
    await readState(directory, () => {})
    leaveRescanRequest(directory, from)
    terminal.stdout.write(
      `entries from ${from} on are judged again in the next rounds of the monitor\n`,
    )
  },
})
