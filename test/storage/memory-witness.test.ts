import { createMemoryWitnessStore } from "../../src/storage/memory-witness.ts"
import { witnessStoreContract } from "../contracts/witness-store.ts"

witnessStoreContract("createMemoryWitnessStore()", async () => createMemoryWitnessStore())
