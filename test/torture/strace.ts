// Whether strace runs here. Without it the tests that need it are left out, aloud; where every change is judged they fail.
import { straceTrouble } from "../../torture/recording/tracing.ts"

const trouble = straceTrouble()
if (trouble !== undefined) console.warn(`SKIPPED: no fault is put in: ${trouble}`)

export const mayTrace = trouble === undefined || process.env["CI"] !== undefined
