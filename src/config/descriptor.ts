// What an option is made of: its type, its check, its default and its words. Everything that speaks of options follows from it.

import { InputError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';
import { describe, isMap } from '../base/reader.ts';

/** What values there are, as data: files and the environment are read by it (value-text.ts), editors are told it. */
export type Values =
  | { readonly form: 'truth' }
  | {
      readonly form: 'number';
      readonly minimum: number;
      readonly maximum: number;
      readonly integer?: boolean;
      /** Whether the minimum itself is not allowed. */
      readonly exclusive?: boolean;
      /** What it counts. People write sizes and durations with units of their own: "2GB", "5m". */
      readonly unit?: 'ms' | 'MiB';
    }
  | { readonly form: 'bigint'; readonly minimum: bigint; readonly maximum: bigint }
  | { readonly form: 'choice'; readonly names: readonly string[] }
  | { readonly form: 'text' }
  /** A port of this machine, as "9090" or ":9090". */
  | { readonly form: 'port' }
  | { readonly form: 'group'; readonly options: Options };

/** What values are allowed; `check` throws an InputError that names the field. */
export interface Kind {
  /** As TypeScript writes it. */
  readonly type: string;
  readonly check: (value: unknown, field: string) => void;
  /** Not there of what only code can give, such as signals. */
  readonly values?: Values;
  /** A word that is allowed beside the values. */
  readonly word?: string;
}

/** Where files and the environment have an option. */
export interface InFile {
  /** Section and name in `pevm.config.yaml`, as in `engine.max_workers`; the variable follows from it. */
  readonly setting: string;
  /** Another variable that sets it: one of pevm-go. */
  readonly variable?: string;
}

export interface Option extends Kind, Partial<InFile> {
  /** What holds where the option is not given, in words. */
  readonly standard?: string;
  /** The same as a value, where it is one. */
  readonly value?: unknown;
  /** Sentences for the reader, with units; Markdown. */
  readonly doc: string;
  /** Must be given; whoever uses it says so. */
  readonly required?: boolean;
}

export type Options = Readonly<Record<string, Option>>;

/** An option that may be left out. `standard`: what holds then, in words. */
export function option(
  kind: Kind,
  doc: string,
  standard?: string,
  more: Partial<InFile> & { readonly value?: unknown } = {},
): Option {
  return { ...kind, doc, ...(standard === undefined ? {} : { standard }), ...more };
}

/** Checks every key and every value that is given. @throws InputError naming the field, with the nearest right name */
export function checkOptions(value: unknown, field: string, options: Options): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(field, `expected an object, got ${describe(value)}`);
  }
  const known = Object.keys(options);
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'string' && Object.hasOwn(options, key)) continue;
    const name = String(key);
    const meant = known.length === 0 ? 'there are no options here' : `did you mean "${nearestName(name, known)}"?`;
    throw new InputError(`${field}.${name}`, `unknown; ${meant}`);
  }
  const given = value as Readonly<Record<string, unknown>>;
  for (const name of known) {
    const item = given[name];
    if (item !== undefined) options[name]?.check(item, `${field}.${name}`);
  }
}

export function integerFrom(minimum: number, maximum: number): Kind {
  return {
    type: 'number',
    values: { form: 'number', minimum, maximum, integer: true },
    check(value, field) {
      if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return;
      throw new InputError(field, `expected an integer from ${minimum} to ${maximum}, got ${describe(value)}`);
    },
  };
}

/** The same, or as a bigint: ethers has ids of chains so. */
export function anyIntegerFrom(minimum: number, maximum: number): Kind {
  const integer = integerFrom(minimum, maximum);
  const check: Kind['check'] = (value, field) =>
    integer.check(typeof value === 'bigint' ? Number(value) : value, field);
  return { ...integer, type: 'number | bigint', check };
}

export function numberFrom(minimum: number, maximum: number, unit?: 'MiB'): Kind {
  return {
    type: 'number',
    values: { form: 'number', minimum, maximum, ...(unit === undefined ? {} : { unit }) },
    check(value, field) {
      if (typeof value === 'number' && value >= minimum && value <= maximum) return;
      throw new InputError(field, `expected ${minimum} to ${maximum}, got ${describe(value)}`);
    },
  };
}

/** The largest delay that timers take. */
const MAX_DELAY_MS = 0x7fffffff;

export const milliseconds: Kind = {
  type: 'number',
  values: { form: 'number', minimum: 0, exclusive: true, maximum: MAX_DELAY_MS, unit: 'ms' },
  check(value, field) {
    if (typeof value === 'number' && value > 0 && value <= MAX_DELAY_MS) return;
    throw new InputError(field, `expected more than 0 and at most ${MAX_DELAY_MS}, got ${describe(value)}`);
  },
};

export function bigintFrom(minimum: bigint, bits: number): Kind {
  return {
    type: 'bigint',
    values: { form: 'bigint', minimum, maximum: (1n << BigInt(bits)) - 1n },
    check(value, field) {
      if (typeof value === 'bigint' && value >= minimum && value >> BigInt(bits) === 0n) return;
      throw new InputError(field, `expected a bigint from ${minimum} to 2^${bits} - 1, got ${describe(value)}`);
    },
  };
}

export const truth: Kind = {
  type: 'boolean',
  values: { form: 'truth' },
  check(value, field) {
    if (typeof value !== 'boolean') throw new InputError(field, `expected true or false, got ${describe(value)}`);
  },
};

/** One of some names. */
export function choice(names: readonly string[], type = names.map((name) => `'${name}'`).join(' | ')): Kind {
  return {
    type,
    values: { form: 'choice', names },
    check(value, field) {
      if (typeof value === 'string' && names.includes(value)) return;
      const hint = typeof value === 'string' ? `; did you mean "${nearestName(value, names)}"?` : '';
      throw new InputError(field, `unknown value ${describe(value)}${hint}`);
    },
  };
}

/** `word`, or what `kind` allows. */
export function orWord(kind: Kind, word: string): Kind {
  return {
    ...kind,
    type: `${kind.type} | '${word}'`,
    word,
    check(value, field) {
      if (value !== word) kind.check(value, field);
    },
  };
}

/** What `kind` allows, or an object of options. */
export function objectOr(kind: Kind, type: string, options: Options): Kind {
  return {
    ...kind,
    type: `${kind.type} | ${type}`,
    check(value, field) {
      if (typeof value === 'object' && value !== null) checkOptions(value, field, options);
      else kind.check(value, field);
    },
  };
}

/** true or false, or an object of options. */
export function truthOr(type: string, options: Options): Kind {
  return {
    type: `boolean | ${type}`,
    check(value, field) {
      if (typeof value !== 'boolean') checkOptions(value, field, options);
    },
  };
}

/** An object of options. */
export function group(type: string, options: Options): Kind {
  return { type, values: { form: 'group', options }, check: (value, field) => checkOptions(value, field, options) };
}

export const signal: Kind = {
  type: 'AbortSignal',
  check(value, field) {
    if (hasMethods(value, ['addEventListener', 'removeEventListener'])) return;
    throw new InputError(field, `expected an AbortSignal, got ${describe(value)}`);
  },
};

export const stateSource: Kind = {
  type: 'StateSource',
  check(value, field) {
    if (!hasMethods(value, ['load'])) throw new InputError(field, `expected a state source, got ${describe(value)}`);
  },
};

/** An object that says what transactions, or tasks, will touch. */
export const accessOracle: Kind = {
  type: 'AccessOracle',
  check(value, field) {
    const given = typeof value === 'object' && value !== null ? value : {};
    const { transactionAccess, taskAccess } = given as Readonly<Record<string, unknown>>;
    if (typeof transactionAccess === 'function' || typeof taskAccess === 'function') return;
    throw new InputError(field, `expected an access oracle, got ${describe(value)}`);
  },
};

/** A `Tracer` of OpenTelemetry's API. */
export const telemetryTracer: Kind = {
  type: 'TelemetryTracer',
  check(value, field) {
    if (typeof value !== 'object' || value === null) {
      throw new InputError(field, `expected a tracer of OpenTelemetry, got ${describe(value)}`);
    }
    for (const name of ['startSpan', 'startActiveSpan']) {
      const method = (value as Readonly<Record<string, unknown>>)[name];
      if (typeof method === 'function') continue;
      throw new InputError(`${field}.${name}`, `expected a function, got ${describe(method)}`);
    }
  },
};

export function mapOf(type: string): Kind {
  return {
    type,
    check(value, field) {
      if (!isMap(value)) throw new InputError(field, `expected a Map, got ${describe(value)}`);
    },
  };
}

/** What is checked where it is used, since that takes more than looking at it. */
export function checkedLater(type: string): Kind {
  return { type, check: () => {} };
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function');
}
