// Checks what stands on the command line against a command's definition, more strictly than citty does.
import type { ArgDef, ArgsDef, CommandDef } from 'citty';
import { InputError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { wrap } from './terminal.ts';

const builtin = ['help', 'version'];

/**
 * Refuses unknown flags (with the nearest right name), flags without their value, values that nobody asked for and flags
 * given twice.
 *
 * @throws {InputError} whose field is the flag
 */
export function checkArguments(raw: readonly string[], definitions: ArgsDef): void {
  const names = new Map<string, [name: string, definition: ArgDef]>();
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type === 'positional') continue;
    for (const spelling of [name, ...aliasesOf(definition)]) names.set(spelling, [name, definition]);
  }
  const seen = new Set<string>();
  for (let index = 0; index < raw.length; index++) {
    const argument = raw[index] ?? '';
    if (argument === '--') return;
    if (!argument.startsWith('-') || argument === '-') continue;
    const [flag = '', value] = splitOnce(argument, '=');
    const spelling = flag.replace(/^--?/, '');
    const [name, definition] = names.get(spelling) ?? [];
    const long = flag.startsWith('--');
    if (name === undefined || long !== spelling.length > 1) {
      const best = nearest(
        spelling,
        [...names.keys(), ...builtin].filter((known) => known.length > 1),
      );
      throw new InputError(flag, best === undefined ? 'unknown option' : `unknown option; did you mean --${best}?`);
    }
    if (seen.has(name)) throw new InputError(`--${name}`, 'given twice');
    seen.add(name);
    if (definition?.type === 'boolean') {
      if (value !== undefined) throw new InputError(`--${name}`, `takes no value, but got "${value}"`);
    } else if (value === undefined) {
      const next = raw[++index];
      if (next === undefined || next.startsWith('--')) throw new InputError(`--${name}`, 'needs a value');
    }
  }
}

/** Words that are no flags and no values of flags. */
export function positionalsOf(raw: readonly string[], definitions: ArgsDef): string[] {
  const valued = new Set<string>();
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type !== 'string') continue;
    for (const spelling of [name, ...aliasesOf(definition)]) valued.add(spelling);
  }
  const words: string[] = [];
  for (let index = 0; index < raw.length; index++) {
    const argument = raw[index] ?? '';
    if (argument === '--') return [...words, ...raw.slice(index + 1)];
    if (!argument.startsWith('-') || argument === '-') words.push(argument);
    else if (!argument.includes('=') && valued.has(argument.replace(/^--?/, ''))) index++;
  }
  return words;
}

/** A number in decimal notation within bounds. @throws {InputError} whose field is `name` */
export function readNumber(
  name: string,
  text: string,
  { least, most, integer = false }: { least: number; most: number; integer?: boolean },
): number {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most) || (integer && !Number.isInteger(number))) {
    const kind = integer ? 'an integer' : 'a number';
    throw new InputError(name, `must be ${kind} from ${least} to ${most}, not "${text}"`);
  }
  return number;
}

/** @throws {InputError} whose field is `name` */
export function checkHttpUrl(name: string, text: string): void {
  if (!/^https?:\/\//.test(text)) throw new InputError(name, `expected an http(s) URL, not "${text}"`);
}

/** What one can type behind the program's name, and what that does. */
export type Example = readonly [line: string, meaning: string];

/** Help for a command in 80 columns. */
export function helpFor(
  program: string,
  command: Pick<CommandDef, 'meta' | 'args'>,
  notes: readonly string[] = [],
  examples: readonly Example[] = [],
): string {
  const { meta, args } = command as { meta: { name: string; description: string }; args: ArgsDef };
  const rows = Object.entries(args).filter(([, definition]) => definition.type !== 'positional');
  const positionals = Object.entries(args).filter(([, definition]) => definition.type === 'positional');
  const words = positionals.map(([name]) => ` [${name.toUpperCase()}…]`).join('');
  const lines = [`${program} ${meta.name}: ${meta.description}`, '', `  ${program} ${meta.name}${words} [OPTIONS]`, ''];
  for (const [name, { description = '' }] of positionals) lines.push(...entry(`${name.toUpperCase()}…`, description));
  if (positionals.length > 0) lines.push('');
  for (const [name, definition] of rows) {
    const short = aliasesOf(definition).find((alias) => alias.length === 1);
    const hint = definition.valueHint === undefined ? '' : ` ${definition.valueHint}`;
    lines.push(
      ...entry(`${short === undefined ? '   ' : `-${short},`} --${name}${hint}`, definition.description ?? ''),
    );
  }
  lines.push(...entry('-h, --help', 'print this'));
  if (examples.length > 0) lines.push('', 'Examples:');
  for (const [line, meaning] of examples)
    lines.push(...wrap(`# ${meaning}`, 78).map((text) => `  ${text}`), `  ${program} ${line}`);
  for (const note of notes) lines.push('', ...wrap(note, 80));
  return lines.join('\n');
}

const column = 28;

function entry(name: string, description: string): string[] {
  const lines = wrap(description, 80 - column);
  const start = `  ${name}`.padEnd(column - 1);
  return lines.map((line, index) => `${index === 0 ? start : ' '.repeat(column - 1)} ${line}`);
}

export function aliasesOf(definition: ArgDef): string[] {
  const { alias = [] } = definition as { alias?: string | string[] };
  return typeof alias === 'string' ? [alias] : alias;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
