// Runs examples/monitor-in-ci as a CI job would: the real program, a log of its own, a state that is kept between jobs.
import { createHash, generateKeyPairSync } from "node:crypto"
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { expect, test } from "vitest"
import { parse } from "yaml"
import { newLog } from "../scenarios/log/new-log.ts"
import { checkout, countersign, programCommand, serve, start } from "../scenarios/process.ts"
import { newFolder } from "../storage/folder.ts"

const example = join(checkout, "examples/monitor-in-ci")

async function newJob() {
  const log = await newLog()
  const { url } = await serve(log.data, log.options)
  const folder = newFolder()
  const place = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const { stdout: policy } = await countersign("keys", "--data", log.data, "--format", "policy")
  const program = place("countersign", `#!/bin/sh\nexec ${programCommand.join(" ")} "$@"\n`)
  chmodSync(program, 0o755)
  const owner = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const key = place(
    "owner.pem",
    owner.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  )
  const spki = owner.publicKey.export({ type: "spki", format: "der" })
  const fingerprint = createHash("sha256").update(spki).digest("hex")
  const watch = `countersign-watch/v1\nsigner owner\n  key sha256:${fingerprint}\n  mine bundles\n`
  const monitor = generateKeyPairSync("ed25519").privateKey
  const env = {
    PATH: [folder, process.env["PATH"]].join(delimiter),
    LOG: url,
    POLICY: place("log.policy", policy),
    CHECKPOINT: place("checkpoint.txt", await (await fetch(`${url}/checkpoint`)).text()),
    WATCH: place("acme.watch", watch),
    STATE: join(folder, "state"),
    MONITOR_KEY: monitor.export({ type: "pkcs8", format: "pem" }).toString(),
    TMPDIR: newFolder(),
  }
  await start(["mkdir", join(folder, "bundles")], { cwd: folder }).ended
  const command = ["sh", "-c", 'printf "%s\\n" "$TITLE" >> titles; cat "$REPORT" > filed']
  return {
    folder,
    env,
    titles: () =>
      existsSync(join(folder, "titles")) ? readFileSync(join(folder, "titles"), "utf8") : "",
    run: () => start([join(example, "run-monitor.sh"), ...command], { cwd: folder, env }).ended,
    async sign(artifact: string, bundle: string) {
      const words = [
        "--artifact",
        place(artifact, artifact),
        "--key",
        key,
        "--bundle",
        join(folder, bundle),
      ]
      const signed = await countersign("submit", "--log", url, ...words, "--policy", env.POLICY)
      expect(signed.code).toBe(0)
    },
  }
}

test("own signatures are a quiet round, and a stolen key files an issue that names the finding", async () => {
  const { folder, env, titles, run, sign } = await newJob()
  await sign("own", "bundles/own.json")
  const first = await run()
  expect([first.code, first.stdout]).toEqual([0, expect.stringContaining("beginning from")])
  const second = await run()
  expect([second.code, second.stdout]).toEqual([0, expect.not.stringContaining("beginning from")])
  expect(titles()).toBe("")
  await sign("stolen", "elsewhere.json")
  const third = await run()
  expect(third.code).toBe(2)
  expect(titles()).toMatch(/^Countersign: misissuance, finding [0-9a-f]{16}\n$/)
  expect(readFileSync(join(folder, "filed"), "utf8")).toContain("PROVEN not-mine")
  // The key is not left behind.
  expect(readdirSync(env.TMPDIR)).toEqual([])
  rmSync(env.STATE, { recursive: true })
  expect((await run()).code).toBe(2)
})

interface Step {
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
}

/** The variables that the script asks for in its third line from the top of its code. */
function neededVariables(script: string): readonly string[] {
  return [...script.matchAll(/\$\{([A-Z_]+):\?\}/g)].map(([, name = ""]) => name)
}

test("both pipelines give the script what it needs", () => {
  const read = (name: string) => readFileSync(join(example, name), "utf8")
  const needed = neededVariables(read("run-monitor.sh"))
  expect(needed.length).toBeGreaterThan(3)
  const { jobs } = parse(read("workflow.yml")) as { jobs: { monitor: { steps: readonly Step[] } } }
  const step = jobs.monitor.steps.find(({ run }) => run?.includes("run-monitor.sh"))
  expect(Object.keys(step?.env ?? {})).toEqual(expect.arrayContaining([...needed, "GH_TOKEN"]))
  const gitlab = parse(read("gitlab-ci.yml")) as {
    monitor: { variables: object; script: readonly string[]; cache: { paths: readonly string[] } }
  }
  const { variables, script, cache } = gitlab.monitor
  const secrets = ["MONITOR_KEY"]
  expect([...Object.keys(variables), ...secrets]).toEqual(expect.arrayContaining([...needed]))
  expect(script.join("\n")).toContain("./run-monitor.sh sh -c")
  expect(cache.paths).toEqual(["state/"])
})

test.each(["workflow.yml", "gitlab-ci.yml"])(
  "the shell lines of %s can be read by a shell",
  async (name) => {
    const text = readFileSync(join(example, name), "utf8")
    const value = parse(text) as {
      jobs?: { monitor: { steps: readonly Step[] } }
      monitor?: { script: readonly string[] }
    }
    const lines =
      value.jobs?.monitor.steps.flatMap(({ run }) => run ?? []) ?? value.monitor?.script ?? []
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect((await start(["bash", "-n", "-c", line]).ended).code).toBe(0)
  },
)
