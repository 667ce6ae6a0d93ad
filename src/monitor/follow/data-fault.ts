// What can be wrong with the tiles and entry bundles that a log serves below a head that it signed.

export type FaultKind = "tile-mismatch" | "missing-data" | "entry-mismatch"

/** `place` names the tile, bundle or entry, the same at every look: `tile 0/17`, `entry 4711`. */
export class DataFault extends Error {
  override readonly name = "DataFault"
  readonly kind: FaultKind
  readonly place: string
  /** The entry that it is about. */
  readonly index: number | undefined
  constructor(kind: FaultKind, place: string, message: string, index?: number) {
    super(message)
    this.kind = kind
    this.place = place
    this.index = index
  }
}

/** Gives the fault that `work` throws; anything else is thrown on. */
export async function faultOf<T>(work: () => Promise<T>): Promise<T | DataFault> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DataFault) return error
    throw error
  }
}
