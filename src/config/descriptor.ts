// What an option is made of: its type, its check, its default and its words. Everything that speaks of options follows from it.

import { InputError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';
import { describe, isMap } from '../base/reader.ts';

/** What values are allowed; `check` throws an InputError that names the field. */
export interface Kind {
  /** As TypeScript writes it. */
  readonly type: string;
  readonly check: (value: unknown, field: string) => void;
}

export interface Option extends Kind {
  /** What holds where the option is not given, in words. */
  readonly standard?: string;
  /** Sentences for the reader, with units; Markdown. */
  readonly doc: string;
  /** Must be given; whoever uses it says so. */
  readonly required?: boolean;
}

export type Options = Readonly<Record<string, Option>>;

/** An option that may be left out. */
export function option(kind: Kind, doc: string, standard?: string): Option {
  return { ...kind, doc, ...(standard === undefined ? {} : { standard }) };
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
    check(value, field) {
      if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return;
      throw new InputError(field, `expected an integer from ${minimum} to ${maximum}, got ${describe(value)}`);
    },
  };
}

export function numberFrom(minimum: number, maximum: number): Kind {
  return {
    type: 'number',
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
  check(value, field) {
    if (typeof value === 'number' && value > 0 && value <= MAX_DELAY_MS) return;
    throw new InputError(field, `expected more than 0 and at most ${MAX_DELAY_MS}, got ${describe(value)}`);
  },
};

export function bigintFrom(minimum: bigint, bits: number): Kind {
  return {
    type: 'bigint',
    check(value, field) {
      if (typeof value === 'bigint' && value >= minimum && value >> BigInt(bits) === 0n) return;
      throw new InputError(field, `expected a bigint from ${minimum} to 2^${bits} - 1, got ${describe(value)}`);
    },
  };
}

export const truth: Kind = {
  type: 'boolean',
  check(value, field) {
    if (typeof value !== 'boolean') throw new InputError(field, `expected true or false, got ${describe(value)}`);
  },
};

/** One of some names. */
export function choice(names: readonly string[], type = names.map((name) => `'${name}'`).join(' | ')): Kind {
  return {
    type,
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
    type: `${kind.type} | '${word}'`,
    check(value, field) {
      if (value !== word) kind.check(value, field);
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
  return { type, check: (value, field) => checkOptions(value, field, options) };
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
