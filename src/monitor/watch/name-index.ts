// The names of a watch file made ready for many names of entries: which of them a name fits, which it looks like, and
// which it may stand for to some reader. Names are compared as they are written and in canonical form, on both
// sides. A name without wildcards is one look-up, and so is each length of what stands before a pattern's first
// wildcard; only expressions are tried one by one.
import { unlessRefused } from "../../core/base/errors.ts"
import { canonicalName, skeletonOf } from "../../entry/statement/names.ts"
import { LONGEST_NAME, type Pattern, parsePattern } from "./pattern.ts"
import type { Subject } from "./watch.ts"

/** A pattern of a subject, and one form of it. */
interface NameRule {
  readonly subject: Subject
  /** As the watch file has it. */
  readonly pattern: Pattern
  /** What names are held against. */
  readonly form: Pattern
}

const isExpression = ({ text }: Pattern): boolean => text.startsWith("~")

/** The pattern with its text changed; undefined for an expression, or if nothing is left that can be read. */
function changed(pattern: Pattern, change: (text: string) => string): Pattern | undefined {
  if (isExpression(pattern)) return undefined
  return unlessRefused(() => parsePattern(change(pattern.text)))
}

/** What stands for the wildcards of a pattern while the form of its text is changed. */
const standIns = [
  ["**", "zqzmanyzqz"],
  ["*", "zqzsomezqz"],
] as const

const wildcards = (text: string): string => text.replaceAll(/[^*]/g, "")

/** Puts a pattern's text into a form that is one of names; as it is written, if the wildcards get lost. */
function inForm(text: string, formOf: (name: string) => string): string {
  let plain = text
  for (const [wildcard, standIn] of standIns) plain = plain.replaceAll(wildcard, standIn)
  let formed = formOf(plain)
  for (const [wildcard, standIn] of standIns) formed = formed.replaceAll(formOf(standIn), wildcard)
  return wildcards(formed) === wildcards(text) ? formed : text
}

function canonicalPattern(pattern: Pattern): Pattern | undefined {
  return changed(pattern, (text) => inForm(text, canonicalName))
}

function skeletonPattern(pattern: Pattern): Pattern | undefined {
  return changed(pattern, (text) => inForm(text, skeletonOf))
}

/** An expression that does not care for upper and lower case; undefined for other patterns. */
function caselessExpression(pattern: Pattern): Pattern | undefined {
  if (!isExpression(pattern)) return undefined
  return unlessRefused(() => parsePattern(`~(?i)${pattern.text.slice(1).replace(/^\^/, "")}`))
}

interface RuleIndex {
  /** The rules whose form a name fits. */
  find(name: string): readonly NameRule[]
  /** The rules that a name begins like, in one that is too long to be compared. */
  findBeginning(name: string): readonly NameRule[]
}

const nothing: readonly never[] = []

function push(map: Map<string, NameRule[]>, key: string, rule: NameRule): void {
  const rules = map.get(key)
  if (rules === undefined) map.set(key, [rule])
  else rules.push(rule)
}

function indexRules(rules: readonly NameRule[]): RuleIndex {
  const exact = new Map<string, NameRule[]>()
  const begun = new Map<string, NameRule[]>()
  const expressions: NameRule[] = []
  for (const rule of rules) {
    const { text } = rule.form
    if (isExpression(rule.form)) expressions.push(rule)
    else if (!text.includes("*")) push(exact, text, rule)
    else push(begun, text.slice(0, text.indexOf("*")), rule)
  }
  const lengths = [...new Set([...begun.keys()].map(({ length }) => length))]

  function findBeginning(name: string): readonly NameRule[] {
    if (begun.size === 0) return expressions
    const found: NameRule[] = lengths.flatMap((length) =>
      length > name.length ? [] : (begun.get(name.slice(0, length)) ?? []),
    )
    return expressions.length === 0 ? found : [...found, ...expressions]
  }

  return {
    findBeginning,
    find(name) {
      const same = exact.get(name) ?? nothing
      const candidates = findBeginning(name)
      if (candidates.length === 0) return same
      const fitting = candidates.filter(({ form }) => form.matches(name))
      return same.length === 0 ? fitting : [...same, ...fitting]
    },
  }
}

interface NameIndex {
  /** Whether any subject has a name. */
  readonly hasNames: boolean
  /** The patterns that a name fits, in canonical form on both sides or as both are written. */
  find(name: string): readonly NameRule[]
  /** The patterns of which a name is a look-alike: it fits none of them, and people may read it as one that does. */
  findLookAlikes(name: string): readonly NameRule[]
  /** The patterns that a text may fit to a reader who does not care for case, or who reads it in another form. */
  findLoosely(text: string): readonly NameRule[]
}

/** One rule for each pattern. */
function eachOnce(rules: readonly NameRule[]): readonly NameRule[] {
  if (rules.length < 2) return rules
  return [...new Map(rules.map((rule) => [rule.pattern, rule])).values()]
}

/** The patterns of these subjects, each in the form that `change` gives it. */
function rulesOf(
  subjects: readonly Subject[],
  change: (pattern: Pattern) => Pattern | undefined,
): readonly NameRule[] {
  return subjects.flatMap((subject) =>
    subject.names.flatMap((pattern): readonly NameRule[] => {
      const form = change(pattern)
      return form === undefined ? nothing : [{ subject, pattern, form }]
    }),
  )
}

export function indexNames(subjects: readonly Subject[]): NameIndex {
  const written = indexRules(rulesOf(subjects, (pattern) => pattern))
  const canonical = indexRules(rulesOf(subjects, canonicalPattern))
  const skeletons = indexRules(rulesOf(subjects, skeletonPattern))
  const caseless = indexRules(rulesOf(subjects, caselessExpression))

  function find(name: string): readonly NameRule[] {
    if (name.length > LONGEST_NAME) return nothing
    const same = canonicalName(name)
    const found = [
      written.find(name),
      canonical.find(same),
      same === name ? [] : written.find(same),
    ]
    return eachOnce(found.flat())
  }

  function beginnings(start: string): readonly NameRule[] {
    return eachOnce([
      ...written.findBeginning(start),
      ...canonical.findBeginning(canonicalName(start)),
      ...skeletons.findBeginning(skeletonOf(start)),
    ])
  }

  return {
    hasNames: subjects.some(({ names }) => names.length > 0),
    find,
    findLookAlikes(name) {
      if (name.length > LONGEST_NAME) return nothing
      const alike = skeletons.find(skeletonOf(name))
      if (alike.length === 0) return nothing
      const fitting = new Set(find(name).map(({ pattern }) => pattern))
      return alike.filter(({ pattern }) => !fitting.has(pattern))
    },
    findLoosely(text) {
      if (text.length > LONGEST_NAME) return beginnings(text.slice(0, LONGEST_NAME))
      return eachOnce([...find(text), ...skeletons.find(skeletonOf(text)), ...caseless.find(text)])
    },
  }
}
