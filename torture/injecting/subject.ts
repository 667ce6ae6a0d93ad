// What faults are put into: a program with data of its own, some work, and what must hold afterwards.

export interface Worked {
  /** What was wrong already while it worked: it hung, or answered what it must not. */
  readonly broken: readonly string[]
  /** What is wrong once it has started again over the same files, without faults. */
  audit(): Promise<readonly string[]>
}

export interface Subject {
  readonly name: string
  /** What is held to what, in a few words. */
  readonly checked: string
  /** Fills an empty folder with the data that each run begins with. */
  prepare(folder: string): Promise<void>
  /** Works over the data in `folder` under strace, told by `under`, to the end of the process. */
  work(folder: string, under: readonly string[]): Promise<Worked>
  close(): Promise<void>
}
