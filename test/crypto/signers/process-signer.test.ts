import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { createServer, type Socket } from "node:net"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { parseNote } from "../../../src/core/note/note.ts"
import { openProcessSigner } from "../../../src/crypto/signers/process-signer.ts"
import {
  createProgramChannel,
  createSocketChannel,
  type SignerChannel,
} from "../../../src/crypto/signers/signer-channel.ts"
import { createAnswering } from "../../../src/signer/answering.ts"
import type { Asked, SignerAnswer } from "../../../src/signer/message.ts"
import { bodies, path } from "../../reference.ts"
import { askFor, makeSigner, NOW, openOwn, origin, treeOf } from "../../signer/made-signer.ts"
import { newFolder } from "../../storage/folder.ts"

const tree = treeOf(bodies(9))
const prove = async (from: number) => tree.from(from)

/** A channel to a signer in this process, which may lie in between. */
function channelTo(
  signer: ReturnType<typeof makeSigner>["signer"],
  lie: (answer: SignerAnswer, asked: Asked) => SignerAnswer = (answer) => answer,
): SignerChannel {
  return { ask: async (asked) => lie(await signer.answer(asked), asked), close() {} }
}

describe("a log's side of a signer", () => {
  test("knows whose it is, and has its checkpoints signed", async () => {
    const { signer, keys, identity } = makeSigner()
    const { log, ...own } = await openProcessSigner(channelTo(signer))
    expect(own).toMatchObject({ identity, size: 0 })
    expect(openOwn(await log.sign(tree.text, prove), keys).size).toBe(9)
  })

  test("proves from what the signer remembers, also if it did not know that", async () => {
    const { signer, keys } = makeSigner()
    const { log } = await openProcessSigner(channelTo(signer))
    await askFor(signer, treeOf(bodies(4)))
    expect(openOwn(await log.sign(tree.text, prove), keys).size).toBe(9)
  })

  test("stops with what to do if the signer refuses, and tells of it first", async () => {
    const { signer } = makeSigner()
    await askFor(signer, treeOf(bodies(12)))
    const told: string[] = []
    const opened = await openProcessSigner(channelTo(signer), (reason) => told.push(reason))
    const signing = opened.log.sign(tree.text, prove)
    await expect(signing).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/the signer refuses: size 9.*Nothing more is signed/),
    })
    expect(told.length).toBe(1)
  })

  test("uses no note with another text, another signature, or a line too few", async () => {
    const { signer } = makeSigner()
    const other = makeSigner()
    const othersNote = await askFor(other.signer, tree)
    const lies: ((note: string) => string)[] = [
      (note) => note.replace("\n9\n", "\n8\n"),
      () => othersNote,
      (note) => `${note.trimEnd().split("\n").slice(0, -1).join("\n")}\n`,
      (note) => `${parseNote(note).text}\n`,
    ]
    for (const lie of lies) {
      const channel = channelTo(signer, (answer) =>
        "note" in answer ? { note: lie(answer.note) } : answer,
      )
      const { log } = await openProcessSigner(channel)
      await expect(log.sign(tree.text, prove)).rejects.toThrow()
    }
  })

  test("uses no signature over another promise, and asks with its own line only", async () => {
    const { signer, keys } = makeSigner()
    const note = await askFor(signer, tree)
    const seen: Asked[] = []
    const opened = await openProcessSigner({
      ask(asked) {
        seen.push(asked)
        return channelTo(signer).ask(asked)
      },
      close() {},
    })
    const body = Buffer.from(bodies(9)[4] ?? []).toString("base64")
    const logID = keys[0]?.fingerprint ?? expect.fail()
    const promise = { body, integratedTime: NOW, logID, logIndex: 4 }
    const inclusion = { hashes: path(4, bodies(9)), head: { ...tree.head, checkpoint: note } }
    expect(opened.rekor.logId).toBe(logID)
    const signature = await opened.rekor.signEntry(promise, inclusion)
    expect(signature.length).toBeGreaterThan(60)
    const v1 = await opened.rekor.checkpoint(inclusion.head)
    expect(parseNote(v1).text).toContain(`${origin} - 4711\n9\n`)
    const asked = seen.at(-1)
    const sent = asked?.ask === "rekor-checkpoint" ? asked.checkpoint : expect.fail()
    expect(parseNote(sent).signatures.length).toBe(1)
    const liar = await openProcessSigner(
      channelTo(signer, (answer) => ("signature" in answer ? { signature } : answer)),
    )
    const later = { ...promise, integratedTime: NOW - 1 }
    await expect(liar.rekor.signEntry(later, inclusion)).rejects.toThrow(/another promise/)
    // No client is to blame for what an honest log never asks.
    const wrong = opened.rekor.signEntry({ ...promise, logIndex: 5 }, inclusion)
    await expect(wrong).rejects.not.toBeInstanceOf(Refusal)
  })

  test("asks again for a v1 checkpoint that did not come", async () => {
    const { signer } = makeSigner()
    const note = await askFor(signer, tree)
    let isAway = false
    const channel = channelTo(signer)
    const opened = await openProcessSigner({
      ask: (asked) => (isAway ? Promise.reject(new Trouble("busy", "away")) : channel.ask(asked)),
      close() {},
    })
    const head = { ...tree.head, checkpoint: note }
    isAway = true
    await expect(opened.rekor.checkpoint(head)).rejects.toMatchObject({ code: "busy" })
    isAway = false
    expect(await opened.rekor.checkpoint(head)).toContain(" - 4711\n9\n")
  })
})

describe("a channel over a Unix socket", () => {
  /** What happens to each connection, the first one first. */
  async function listening(...fates: readonly ((socket: Socket) => void)[]): Promise<string> {
    const path = join(newFolder(), "socket")
    let count = 0
    const server = createServer((socket) => {
      socket.on("error", () => {})
      onTestFinished(() => void socket.destroy())
      fates[Math.min(count, fates.length - 1)]?.(socket)
      count += 1
    })
    server.listen(path)
    await once(server, "listening")
    onTestFinished(() => void server.close())
    return path
  }

  function answering(signer: ReturnType<typeof makeSigner>["signer"]) {
    const answer = createAnswering(signer, { onRefused() {}, onFatal() {} })
    return (socket: Socket): void => {
      socket.on("data", async (piece) => socket.write(await answer(String(piece).trimEnd())))
    }
  }

  test("connects again after a loss, and says that nobody answers meanwhile", async () => {
    const { signer } = makeSigner()
    const cut = (socket: Socket) => socket.once("data", () => socket.destroy())
    const at = await listening(cut, answering(signer))
    const channel = createSocketChannel(at)
    onTestFinished(channel.close)
    const asked = channel.ask({ ask: "identity" })
    await expect(asked).rejects.toMatchObject({ code: "busy", message: /unix:.*does not answer/ })
    expect(await channel.ask({ ask: "identity" })).toMatchObject({ identity: { origin } })
    const nowhere = createSocketChannel(join(newFolder(), "none"))
    await expect(nowhere.ask({ ask: "identity" })).rejects.toMatchObject({ code: "busy" })
  })

  test.each<readonly [string, (socket: Socket) => void]>([
    ["says nothing", () => {}],
    ["answers without a question", (socket) => socket.write('{"note":"x"}\n{"note":"x"}\n')],
    ["never ends a line", (socket) => socket.write("x".repeat(20_000))],
    ["sends no UTF-8", (socket) => socket.write(Uint8Array.of(0xff, 10))],
  ])("does not trust one that %s", async (_, fate) => {
    const channel = createSocketChannel(await listening(fate), 200)
    onTestFinished(channel.close)
    await expect(openProcessSigner(channel)).rejects.toMatchObject({
      message: expect.stringMatching(/does not answer|expected/),
    })
  })

  test("ends a program that answers nothing, so that the next one has what it kept", async () => {
    const script =
      'process.on("SIGTERM",()=>{});setInterval(()=>{},9);console.log(process.pid)'.replaceAll(
        " ",
        "",
      )
    const channel = createProgramChannel([process.execPath, "-e", script])
    const failed = channel.ask({ ask: "identity" }).catch((reason: Error) => reason)
    // Its own number is no answer either.
    const { message } = (await failed) as Error
    expect(message).toContain("no answer")
    const children = () =>
      execFileSync("ps", ["-o", "args=", "--ppid", String(process.pid)], { encoding: "utf8" })
    await expect.poll(() => children().includes("setInterval"), { timeout: 20_000 }).toBe(false)
    channel.close()
  })

  test("takes an answer that is none for no answer, which ends no log", async () => {
    const reply = (text: string) => (socket: Socket) =>
      socket.once("data", () => socket.write(text))
    const texts = ["{}\n", "[]\n", '{"note":7}\n', '{"identity":{}}\n', "no\n"]
    for (const text of texts) {
      const channel = createSocketChannel(await listening(reply(text)))
      await expect(channel.ask({ ask: "identity" })).rejects.toMatchObject({
        code: "busy",
        message: expect.stringContaining("what came is no answer"),
      })
      channel.close()
    }
  })
})
