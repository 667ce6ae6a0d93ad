// The process that flips: SQLite may take it along when it meets what nobody foresaw, and that is found then, too.
import { createFlipper, type FlipJob } from "./flipper.ts"
import { openSubject } from "./subjects.ts"

async function work({ bits, ...job }: FlipJob): Promise<void> {
  const subject = await openSubject(job.subject, job.program)
  const done = await createFlipper(subject, job).flip(bits, (bit) => process.send?.({ bit }))
  process.send?.({ done }, () => process.exit())
}

process.once("message", (job: FlipJob) => {
  work(job).catch((reason: unknown) => {
    process.send?.({ failed: String(reason) }, () => process.exit(1))
  })
})
process.once("disconnect", () => process.exit())
