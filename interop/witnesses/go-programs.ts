// What others' programs written in Go have in common.

/** The path of a program by its name. */
export type Programs = (name: string) => string

/** For servers that Debian builds with the defaults of an old Go, by which they have no routes at all. */
export const OLD_GO_ROUTES = { GODEBUG: "httpmuxgo121=0" }
