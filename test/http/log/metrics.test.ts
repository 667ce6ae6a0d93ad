import type { AddressInfo } from "node:net"
import { expect, test } from "vitest"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import { createEntryTerms } from "../../../src/entry/kinds/terms.ts"
import { createMetrics } from "../../../src/http/log/metrics.ts"
import { createHttpServer } from "../../../src/http/log/server.ts"
import { createAdminServer } from "../../../src/http/serving/admin-server.ts"
import { newDisk, openLogOn, proposalOf } from "../../log/opened-log.ts"
import { ask, askUnchecked, submit } from "../client.ts"
import { signedRequest } from "../served-log.ts"

test("the admin server tells what the log and its interface did", async () => {
  let time = 0
  const { log } = await openLogOn(newDisk())
  const metrics = createMetrics(log, { withProcess: true })
  const now = (): number => {
    time += 4
    return time
  }
  const http = createHttpServer({ log, meter: metrics, now })
  await new Promise<void>((resolve) => http.server.listen(0, "127.0.0.1", resolve))
  const { port } = http.server.address() as AddressInfo
  await submit(port, signedRequest("a"))
  const request = signedRequest("b")
  await submit(port, request)
  await submit(port, request)
  await submit(port, "{")
  await ask(port, "/checkpoint")
  await ask(port, "/nothing")
  const admin = createAdminServer(metrics)
  await new Promise<void>((resolve) => admin.listen(0, "127.0.0.1", resolve))
  const { port: adminPort } = admin.address() as AddressInfo
  const reply = await askUnchecked(adminPort, "/metrics")
  const lines = new Set(reply.text().split("\n"))
  expect(reply.headers["content-type"]).toMatch(/^text\/plain; version=/)
  for (const line of [
    'countersign_http_requests_total{operation="addEntry",status="400"} 1',
    'countersign_http_requests_total{operation="getCheckpoint",status="200"} 1',
    'countersign_http_requests_total{operation="other",status="404"} 1',
    'countersign_http_request_seconds_count{operation="addEntry"} 4',
    'countersign_http_request_seconds_bucket{le="0.0025",operation="getCheckpoint"} 0',
    'countersign_http_request_seconds_bucket{le="0.005",operation="getCheckpoint"} 1',
    'countersign_refusals_total{code="malformed"} 1',
    'countersign_refusals_total{code="not-found"} 1',
    "countersign_entries_total 2",
    "countersign_duplicates_total 1",
    "countersign_tree_size 2",
    "countersign_pool_entries 0",
    "countersign_queue_length 0",
    "countersign_accepting 1",
  ]) {
    expect(lines).toContain(line)
  }
  expect(reply.text()).toContain("process_cpu_seconds_total")
  expect((await askUnchecked(adminPort, "/")).status).toBe(404)
  admin.close()
  admin.closeAllConnections()
  await http.close()
  await log.close()
})

test("the gauge of the search index says how many entries it does not have yet", async () => {
  const disk = newDisk()
  const { log, index } = await openLogOn(disk)
  const metrics = createMetrics(log)
  await Promise.all(["a", "b", "c"].map((text) => log.add(proposalOf(text))))
  expect(await metrics.text()).toContain("\ncountersign_search_lag 3\n")
  await index.follow(2)
  expect(await metrics.text()).toContain("\ncountersign_search_lag 1\n")
})

test("gauges say how many entries are opaque, and how many messages were attached and learnt", async () => {
  const disk = { ...newDisk(), terms: createEntryTerms(10) }
  const { log, index } = await openLogOn(disk, { messageBytes: 1_000 })
  const metrics = createMetrics(log)
  const message = `a text that names ${"0".repeat(64)}`
  await log.add(proposeEntry(signedRequest(message)))
  await log.add(proposeEntry(signedRequest("a file")))
  await log.attach(0, new TextEncoder().encode(message))
  await index.follow(2)
  expect(await metrics.text()).toContain("\ncountersign_opaque_entries 2\n")
  expect(await metrics.text()).toContain("\ncountersign_messages 1\n")
  expect(await metrics.text()).toContain("\ncountersign_message_lag 1\n")
  await index.learn()
  expect(await metrics.text()).toContain("\ncountersign_opaque_entries 1\n")
  expect(await metrics.text()).toContain("\ncountersign_message_lag 0\n")
})
