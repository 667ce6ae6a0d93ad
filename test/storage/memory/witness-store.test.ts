import { witnessStoreContract } from "../../contracts/witness-store.ts"
import { createMemoryWitnessStore } from "./witness-store.ts"

witnessStoreContract("createMemoryWitnessStore()", async () => createMemoryWitnessStore())
