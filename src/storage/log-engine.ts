// The engine that keeps the log and its search index, by the names that commands know. Another engine takes its
// place here (docs/how-to/add-a-storage-engine.md).
export { assertSettled, type Look as LogLook, lookAtLog, mendWal } from "./sqlite/log/look.ts"
export {
  backupSqlite as backupLog,
  carrySearch,
  createSqliteStore as createLogStore,
  integrityCheck,
  needsCarrying,
  openSqliteReads as openLogReads,
  openSqliteStore as openLogStore,
  redactEntry,
  type SqliteReads as StoredLog,
} from "./sqlite/log/store.ts"
export { openSearchReads, openSearchStore, removeSearchStore } from "./sqlite/search/store.ts"
