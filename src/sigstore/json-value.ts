// The reading of JSON values, which lies in core because the entry kinds of Rekor need it too.
export * from "../core/json-value.ts"
