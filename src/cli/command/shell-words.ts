// Words of a command line that messages tell people to run, quoted for a POSIX shell.

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/

export function shellWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ")
}
