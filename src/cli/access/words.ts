// Lists in options: words with commas between them.

/** Without blanks around them, and without empty ones. */
export function parseWords(text: string): readonly string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "")
}
