import { searchStoreContract } from "../../contracts/search-store.ts"
import { createMemorySearchStore } from "./search-store.ts"

searchStoreContract("createMemorySearchStore()", createMemorySearchStore)
