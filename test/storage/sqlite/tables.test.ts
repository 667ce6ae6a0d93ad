import { describe, expect, test } from "vitest"
import { integrityCheck } from "../../../src/storage/sqlite/log/store.ts"
import { filledPath, filledSearchPath, rawConnection } from "./database.ts"

describe("the tables", () => {
  test.each([
    "UPDATE entries SET body = x'00'",
    "UPDATE entries SET idx = 700 WHERE idx = 599",
    "DELETE FROM entries WHERE idx = 599",
    "DELETE FROM entries",
    "INSERT INTO entries (idx, body) VALUES (601, x'00')",
    "INSERT INTO entries (idx, body) VALUES (599, x'00')",
    "INSERT INTO entries (idx, body) VALUES (511, x'00')",
    "INSERT INTO entries (body) VALUES (x'00')",
    "INSERT INTO entries (idx, body) VALUES (600, zeroblob(65536))",
    "INSERT INTO entries (idx, body) VALUES (600, 'text')",
    "INSERT OR REPLACE INTO entries (idx, body) VALUES (599, x'00')",
    "UPDATE OR REPLACE entries SET idx = 598 WHERE idx = 599",
    "UPDATE bundles SET bytes = zeroblob(512)",
    "DELETE FROM bundles WHERE idx = 1",
    "INSERT INTO bundles (idx, bytes) VALUES (3, zeroblob(512))",
    "INSERT INTO bundles (idx, bytes) VALUES (2, zeroblob(511))",
    "INSERT OR REPLACE INTO bundles (idx, bytes) VALUES (1, zeroblob(512))",
    "UPDATE tiles SET hashes = zeroblob(8192)",
    "DELETE FROM tiles WHERE id = 0",
    "INSERT INTO tiles (id, hashes) VALUES (2, zeroblob(8191))",
    "INSERT INTO tiles (id, hashes) VALUES (4503599627370496, zeroblob(8192))",
    "INSERT OR REPLACE INTO tiles (id, hashes) VALUES (1, zeroblob(8192))",
    "UPDATE commits SET time = 1",
    "DELETE FROM commits",
    "INSERT INTO commits (size, time) VALUES (601, 1)",
    "INSERT INTO commits (size, time) VALUES (599, (SELECT time FROM head))",
    "INSERT OR REPLACE INTO commits (size, time) VALUES (600, (SELECT time FROM head))",
    "UPDATE head SET size = 599",
    "UPDATE head SET root = zeroblob(32)",
    "UPDATE head SET size = 601, root = zeroblob(31)",
    "UPDATE head SET size = 601, time = time - 1",
    "UPDATE head SET size = 9007199254740992",
    "DELETE FROM head",
    "INSERT INTO head (id, size, root, time) VALUES (2, 0, zeroblob(32), 0)",
    "INSERT OR REPLACE INTO head (id, size, root, time) VALUES (1, 0, zeroblob(32), 0)",
    "UPDATE log SET origin = 'other.example'",
    "UPDATE attachments SET bytes = x'00'",
    "DELETE FROM attachments",
    "INSERT INTO attachments SELECT 2, digest, media_type, bytes FROM attachments WHERE idx = 3",
    "INSERT INTO attachments SELECT 600, digest, media_type, bytes FROM attachments WHERE idx = 3",
    "INSERT OR REPLACE INTO attachments SELECT 4, digest, 'x', bytes FROM attachments WHERE idx = 3",
    "INSERT INTO redactions (idx, time) VALUES (2, 1)",
    "UPDATE side_terms SET bytes = x'00'",
    "DELETE FROM side_terms WHERE idx = 4",
    "INSERT INTO side_terms (idx, bytes) VALUES (2, x'00')",
    "INSERT INTO side_terms (idx, bytes) VALUES (600, x'00')",
    "INSERT OR REPLACE INTO side_terms (idx, bytes) VALUES (4, x'00')",
    "UPDATE messages SET bytes = x'00'",
    "UPDATE messages SET bytes = NULL",
    "UPDATE messages SET digest = replace(digest, 'a', 'b')",
    "DELETE FROM messages",
    "INSERT INTO messages SELECT 3, digest, form, idx, time, zeroblob(32), bytes FROM messages WHERE sequence = 1",
    "INSERT INTO messages SELECT 2, digest, form, 600, time, zeroblob(32), bytes FROM messages WHERE sequence = 1",
    "INSERT INTO messages SELECT 2, digest, form, idx, time, zeroblob(32), NULL FROM messages WHERE sequence = 1",
    "INSERT OR REPLACE INTO messages SELECT 2, digest, form, idx, time, checksum, x'00' FROM messages",
    "INSERT OR REPLACE INTO messages SELECT 1, digest, form, idx, time, zeroblob(32), x'00' FROM messages",
    "UPDATE message_redactions SET time = 9",
    "DELETE FROM message_redactions",
    "INSERT OR REPLACE INTO message_redactions SELECT digest, 9 FROM message_redactions",
    "DELETE FROM log",
    "INSERT OR REPLACE INTO log SELECT id, 'other.example', '1', '[]', 0 FROM log",
  ])("refuse any connection: %s", async (sql) => {
    const path = await filledPath()
    const raw = rawConnection(path)
    expect(() => raw.exec(sql)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CONSTRAINT/) }),
    )
    raw.close()
    await integrityCheck(path)
  })
})

describe("the tables of the search index", () => {
  test.each([
    "UPDATE term_batches SET bytes = x'00'",
    "DELETE FROM term_batches WHERE first_index = 599",
    "INSERT INTO term_batches (first_index, end_index, bytes) VALUES (601, 602, x'00')",
    "INSERT OR REPLACE INTO term_batches (first_index, end_index, bytes) VALUES (599, 600, x'00')",
    "UPDATE term_pages SET bytes = x'00'",
    "DELETE FROM term_pages WHERE id = 1",
    "INSERT INTO term_pages (id, bytes) VALUES (2, x'00')",
    "INSERT INTO term_pages (id, bytes) VALUES (1048578, x'00')",
    "INSERT INTO term_pages (id, bytes) VALUES (2097152, x'00')",
    "INSERT OR REPLACE INTO term_pages (id, bytes) VALUES (1, x'00')",
    "INSERT OR REPLACE INTO term_pages (id, bytes) VALUES (1048576, x'00')",
    "UPDATE term_runs SET end_index = 501",
    "DELETE FROM term_runs",
    "INSERT INTO term_runs (run, end_index, pages, directory) VALUES (1, 601, 1, x'00')",
    "INSERT INTO term_runs (run, end_index, pages, directory) VALUES (1, 600, 2, x'00')",
    "INSERT INTO term_runs (run, end_index, pages, directory) VALUES (1, 500, 1, x'00')",
    "INSERT INTO term_runs (run, end_index, pages, directory) VALUES (2, 600, 0, x'00')",
    "INSERT OR REPLACE INTO term_runs (run, end_index, pages, directory) VALUES (0, 600, 2, x'00')",
    "UPDATE learning SET opaque_up_to = opaque_up_to - 1",
    "UPDATE learning SET attached_up_to = attached_up_to - 1",
    "DELETE FROM learning",
    "INSERT OR REPLACE INTO learning VALUES (1, 0, 0, 0, NULL)",
    "INSERT INTO opaque_pages (page, bytes) VALUES (7, x'00')",
    "UPDATE search_index SET origin = 'other.example'",
    "DELETE FROM search_index",
    "INSERT OR REPLACE INTO search_index (id, origin, tree_id) VALUES (1, 'other.example', '1')",
  ])("refuse any connection: %s", async (sql) => {
    const raw = rawConnection(await filledSearchPath())
    expect(() => raw.exec(sql)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CONSTRAINT/) }),
    )
  })
})
