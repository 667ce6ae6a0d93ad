import { identity, startTime } from "../../contracts/commits.ts"
import { guardContract } from "../../contracts/guard.ts"
import { messagesContract } from "../../contracts/messages.ts"
import { sideDataContract } from "../../contracts/side-data.ts"
import { storeContract } from "../../contracts/store.ts"
import { createMemoryGuard, createMemoryStore } from "./log-store.ts"

storeContract("createMemoryStore()", () => createMemoryStore(identity, { time: startTime }))
sideDataContract("createMemoryStore()", () => createMemoryStore(identity, { time: startTime }))
messagesContract("createMemoryStore()", () => createMemoryStore(identity, { time: startTime }))
guardContract("createMemoryGuard()", (head) => createMemoryGuard(identity, head))
