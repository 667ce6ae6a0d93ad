// `npm run torture`: what machines, careless hands and strangers do to the built program, over and over. The first word
// names a harness of `faults`; `attacks`, or no name, attacks the servers over loopback.
import { attackMain } from "./attack-main.ts"
import { faultMain } from "./fault-main.ts"
import { cleanUpAtExit } from "./stand/processes.ts"

async function main([name, ...words]: readonly string[]): Promise<void> {
  cleanUpAtExit()
  if (name === undefined || name.startsWith("-")) await attackMain(process.argv.slice(2))
  else if (name === "attacks") await attackMain(words)
  else await faultMain(name, words)
}

function fail(reason: unknown): never {
  process.stderr.write(`torture: ${reason instanceof Error ? reason.message : String(reason)}\n`)
  process.exit(1)
}

main(process.argv.slice(2)).then(() => process.exit(), fail)
