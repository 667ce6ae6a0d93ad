// What a case of `places` is: something that a careless hand does with the files of a log, and what must come of it.
import type { Ground } from "./ground.ts"

export interface Case {
  readonly name: string
  /** Works in `folder`, which is not there yet; gives what is wrong. */
  run(ground: Ground, folder: string): Promise<readonly string[]>
}
