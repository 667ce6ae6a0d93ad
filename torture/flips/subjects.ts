// The subjects by their names, as a process is told them.
import { monitorSubject } from "./monitor-subject.ts"
import type { Subject } from "./subject.ts"
import { witnessSubject } from "./witness-subject.ts"

export const subjects: Readonly<Record<string, (program: string) => Promise<Subject>>> = {
  witness: (program) => witnessSubject(program, false),
  "killed-witness": (program) => witnessSubject(program, true),
  monitor: monitorSubject,
}

/** Throws for a name that none has. */
export async function openSubject(name: string, program: string): Promise<Subject> {
  const open = subjects[name]
  if (open === undefined) throw new Error(`expected a subject, found ${name}`)
  return await open(program)
}
