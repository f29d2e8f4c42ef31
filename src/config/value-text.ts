// Values as people write them, in files and in the environment: sizes, durations, numbers, names; and back.

import { InputError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';
import { describe } from '../base/reader.ts';
import type { Kind } from './descriptor.ts';

const MIB = 2 ** 20;

/** Bytes. Decimal and binary units differ, as ISO 80000-13 has them. */
const SIZES: Readonly<Record<string, number>> = {
  b: 1,
  ...{ kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: MIB, gib: 2 ** 30, tib: 2 ** 40 },
};

/** Milliseconds. */
const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const SIZE = /^(\d+(?:\.\d+)?) ?([kmgt]i?b|b)$/i;
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;
const PORT = /^(?:(127\.0\.0\.1|localhost)?:)?(\d{1,5})$/;
const TRUTHS: Readonly<Record<string, boolean>> = { true: true, false: false, 1: true, 0: false };

/** The same as patterns, for editors. */
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)? ?([kKmMgGtT][iI]?[bB]|[bB])$';
export const DURATION_PATTERN: string = DURATION.source.replaceAll('(?:', '(').replaceAll('\\d', '[0-9]');
export const PORT_PATTERN: string = PORT.source.replaceAll('(?:', '(').replaceAll('\\d', '[0-9]');

/**
 * A value that stands in a file, or in a variable of the environment (`typed`: false), which holds text whatever is meant.
 * What is read is checked too.
 * @throws InputError naming the field
 */
export function readValue(kind: Kind, value: unknown, field: string, typed: boolean): unknown {
  const read = kind.word !== undefined && value === kind.word ? value : converted(kind, value, field, typed);
  kind.check(read, field);
  return read;
}

function converted(kind: Kind, value: unknown, field: string, typed: boolean): unknown {
  const { values } = kind;
  const text = typeof value === 'string' ? value.trim() : undefined;
  switch (values?.form) {
    case 'truth': {
      const known = !typed && text !== undefined && Object.hasOwn(TRUTHS, text.toLowerCase());
      const read = known ? TRUTHS[text!.toLowerCase()] : value;
      // Also where programs may give an object.
      if (typeof read !== 'boolean') throw new InputError(field, `expected true or false, got ${describe(value)}`);
      return read;
    }
    case 'number':
      if (values.unit === 'MiB') return mebibytes(value, field);
      if (values.unit === 'ms') return durationMs(value, field);
      if (!typed && text !== undefined && NUMBER.test(text)) return Number(text);
      if (kind.word !== undefined && (text !== undefined || typeof value === 'object')) {
        const { minimum, maximum } = values;
        throw new InputError(field, `expected ${minimum} to ${maximum} or "${kind.word}", got ${describe(value)}`);
      }
      return value;
    case 'bigint':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
      // Files have no larger numbers that are exact: they are quoted.
      return text !== undefined && /^\d{1,78}$/.test(text) ? BigInt(text) : value;
    case 'choice':
      // pevm-go joins words by underscores.
      return text !== undefined && !values.names.includes(text) ? text.replaceAll('_', '-') : (text ?? value);
    case 'port':
      return portOf(value, field);
    default:
      if (text !== undefined && text !== '') return text;
      throw new InputError(field, `expected text, got ${describe(value)}`);
  }
}

/** A size as MiB. Without a unit nobody knows what is meant. */
function mebibytes(value: unknown, field: string): number {
  const [, digits, unit = ''] = SIZE.exec(typeof value === 'string' ? value.trim() : '') ?? [];
  const bytes = SIZES[unit.toLowerCase()];
  if (digits === undefined || bytes === undefined) {
    throw new InputError(field, `expected a size with its unit, as "512MiB" or "2GB", got ${describe(value)}`);
  }
  return (Number(digits) * bytes) / MIB;
}

function durationMs(value: unknown, field: string): number {
  const text = typeof value === 'string' ? value.trim() : '';
  if (!DURATION.test(text)) {
    throw new InputError(
      field,
      `expected a duration with its unit, as "250ms", "5m" or "1m30s", got ${describe(value)}`,
    );
  }
  let sum = 0;
  for (const [, digits, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    sum += Number(digits) * (DURATIONS[unit] ?? 0);
  }
  return sum;
}

function portOf(value: unknown, field: string): number {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  const [, , digits] = PORT.exec(text) ?? [];
  if (digits !== undefined) return Number(digits);
  const other = /^[^:]+:\d{1,5}$/.test(text) ? ': it is this machine alone that can ask' : '';
  throw new InputError(field, `expected a port, as 9090, ":9090" or "127.0.0.1:9090", got ${describe(value)}${other}`);
}

/** A value as it is written in a file, for reading: text without quotes. */
export function writtenValue(kind: Kind, value: unknown): string {
  const { values } = kind;
  if (values?.form !== 'number' || typeof value !== 'number' || values.unit === undefined) return String(value);
  if (values.unit === 'ms') {
    const unit =
      ['d', 'h', 'm', 's'].find((name) => value >= DURATIONS[name]! && value % DURATIONS[name]! === 0) ?? 'ms';
    return `${value / DURATIONS[unit]!}${unit}`;
  }
  const bytes = Math.round(value * MIB);
  const names = ['GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB'];
  const unit = names.find((name) => bytes >= SIZES[name.toLowerCase()]! && bytes % SIZES[name.toLowerCase()]! === 0);
  return `${bytes / SIZES[(unit ?? 'b').toLowerCase()]!}${unit ?? 'B'}`;
}

/** What a value may be, in words, for tables. */
export function allowedWords({ values, word }: Kind): string {
  const or = word === undefined ? '' : ` or \`${word}\``;
  switch (values?.form) {
    case 'truth':
      return '`true` or `false`';
    case 'number': {
      if (values.unit === 'ms') return 'duration';
      if (values.unit === 'MiB')
        return values.maximum === Number.MAX_SAFE_INTEGER ? 'size' : `size up to ${values.maximum}MiB`;
      return `${values.minimum} to ${values.maximum.toLocaleString('en')}${or}`;
    }
    case 'bigint':
      return `${values.minimum} to 2^${(values.maximum + 1n).toString(2).length - 1}, less 1`;
    case 'choice':
      return values.names.map((name) => `\`${name}\``).join(', ');
    case 'port':
      return 'port';
    default:
      return 'text';
  }
}

/** "unknown", with the nearest right name. */
export function unknownName(name: string, known: readonly string[]): string {
  return `unknown; did you mean "${nearestName(name, known)}"?`;
}
