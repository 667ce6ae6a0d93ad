// The page at /docs: a place for Redoc to draw openapi.yaml in, and no more. All addresses are relative, so that the
// page works below a path prefix, and the policy lets the browser connect to nobody but this server.
import type { Answer } from "../serving/answer.ts"

/**
 * Redoc makes its styles as it runs, which needs 'unsafe-inline' of styles; of scripts its own file alone, and of
 * connections the document. Its search is off: that would be a worker made of text.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "connect-src 'self'",
  // The icons in Redoc's styles.
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ")

const FONTS = "system-ui, sans-serif"

/** The fonts of the reader's own machine, whose names Redoc would otherwise take from elsewhere. */
const theme = {
  typography: {
    fontFamily: FONTS,
    headings: { fontFamily: FONTS },
    code: { fontFamily: "ui-monospace, monospace" },
  },
}

const attribute = (value: object): string => JSON.stringify(value).replaceAll('"', "&quot;")

const LINK = '<p><a href="openapi.yaml">openapi.yaml</a> describes the HTTP API of Countersign.</p>'

// The picture of a sponsor, which the policy keeps away, would be a broken one.
const HIDDEN = '<style>body{margin:0}img[src^="https:"]{display:none}</style>'

const drawn = [
  HIDDEN,
  `<redoc spec-url="openapi.yaml" disable-search hide-download-button theme="${attribute(theme)}"></redoc>`,
  `<noscript>${LINK}</noscript>`,
  '<script src="docs/redoc.js"></script>',
].join("\n")

/** The page; without a renderer it links to the document. */
export function pageAnswer(hasRenderer: boolean): Answer {
  return {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": POLICY,
      "referrer-policy": "no-referrer",
    },
    body: `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>Countersign: HTTP API</title>\n${hasRenderer ? drawn : LINK}\n</html>\n`,
  }
}

/** Where the page is, for who asks with a slash at the end: its addresses are relative to the path without one. */
export function pageElsewhere(): Answer {
  return {
    status: 308,
    headers: { location: "../docs", "content-type": "text/plain; charset=utf-8" },
    body: "the reference is at ../docs, without a slash at the end\n",
  }
}
