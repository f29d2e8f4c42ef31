// The tracers by name, and how a caller chooses one.

import { InputError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';
import { describe, plainObject } from '../base/reader.ts';
import { checkOptions, type Options } from '../config/descriptor.ts';
import {
  CALL_TRACER,
  ERC7562_TRACER,
  FLAT_CALL_TRACER,
  PRESTATE_TRACER,
  STEP_LINES,
  STRUCT_LOG,
} from '../config/tracer-descriptors.ts';
import type {
  CallTracerOptions,
  Erc7562TracerOptions,
  FlatCallTracerOptions,
  PrestateTracerOptions,
  StepLineOptions,
  StructLogOptions,
} from '../option-types.ts';
import { type CallFrame, callTracer } from './call-tracer.ts';
import { type Erc7562Frame, erc7562Tracer } from './erc7562-tracer.ts';
import { type FlatCall, flatCallTracer } from './flat-call-tracer.ts';
import { type FourByteCounts, fourByteTracer } from './four-byte-tracer.ts';
import { type KeccakPreimages, keccakPreimageTracer } from './keccak-preimages.ts';
import { muxTracer } from './mux-tracer.ts';
import { noopTracer } from './noop-tracer.ts';
import { type Prestate, type PrestateDiff, prestateTracer } from './prestate-tracer.ts';
import { type StepLines, stepLineTracer } from './step-line-tracer.ts';
import { type StructLogTrace, structLogTracer } from './struct-log-tracer.ts';
import type { TracerFactory } from './tracer.ts';

/** The options of each tracer, and what it says of a transaction. `null`: the transaction came to no call. */
export interface Tracers {
  readonly callTracer: { readonly options: CallTracerOptions; readonly result: CallFrame | null };
  readonly flatCallTracer: { readonly options: FlatCallTracerOptions; readonly result: readonly FlatCall[] };
  readonly prestateTracer: { readonly options: PrestateTracerOptions; readonly result: Prestate | PrestateDiff };
  readonly '4byteTracer': { readonly options: object; readonly result: FourByteCounts };
  readonly keccak256PreimageTracer: { readonly options: object; readonly result: KeccakPreimages };
  readonly noopTracer: { readonly options: object; readonly result: Readonly<Record<string, never>> };
  readonly muxTracer: { readonly options: MuxTracerOptions; readonly result: Readonly<Record<string, unknown>> };
  readonly structLog: { readonly options: StructLogOptions; readonly result: StructLogTrace };
  readonly eip3155: { readonly options: StepLineOptions; readonly result: StepLines };
  readonly erc7562Tracer: { readonly options: Erc7562TracerOptions; readonly result: Erc7562Frame | null };
}

export type TracerName = keyof Tracers;

/** Of `muxTracer`. */
export interface MuxTracerOptions {
  /** Options by the name of the tracer; the results come under the same names. */
  readonly tracers: { readonly [Name in Exclude<TracerName, 'muxTracer'>]?: Tracers[Name]['options'] };
}

/** A tracer by its name, with its options beside it; or one of the caller's own. */
export type TracerChoice =
  | { [Name in TracerName]: { readonly tracer: Name } & Tracers[Name]['options'] }[TracerName]
  | { readonly tracer: TracerFactory };

/** What a chosen tracer says of a transaction. */
export type TraceOf<Choice extends TracerChoice> = Choice extends { readonly tracer: infer Name extends TracerName }
  ? Tracers[Name]['result']
  : Choice extends { readonly tracer: TracerFactory<infer Result> }
    ? Result
    : never;

interface Entry {
  readonly options: Options;
  readonly make: (options: object) => TracerFactory;
}

const simple: Readonly<Record<Exclude<TracerName, 'muxTracer'>, Entry>> = {
  callTracer: { options: CALL_TRACER, make: callTracer },
  flatCallTracer: { options: FLAT_CALL_TRACER, make: flatCallTracer },
  prestateTracer: { options: PRESTATE_TRACER, make: prestateTracer },
  '4byteTracer': { options: {}, make: fourByteTracer },
  keccak256PreimageTracer: { options: {}, make: keccakPreimageTracer },
  noopTracer: { options: {}, make: noopTracer },
  structLog: { options: STRUCT_LOG, make: structLogTracer },
  eip3155: { options: STEP_LINES, make: stepLineTracer },
  erc7562Tracer: { options: ERC7562_TRACER, make: erc7562Tracer },
};

export const TRACER_NAMES: readonly string[] = [...Object.keys(simple), 'muxTracer'];

/**
 * Makes the tracer that a caller chose.
 * @throws InputError naming the field: an unknown tracer, an unknown option of it, a value that it does not take
 */
export function readTracer(choice: TracerChoice, field: string): TracerFactory {
  const { tracer, ...options } = plainObject(choice, field);
  if (typeof tracer === 'function') {
    checkOptions(options, field, {});
    return checkedFactory(tracer as TracerFactory, `${field}.tracer`);
  }
  if (tracer === 'muxTracer') return readMux(options, field);
  return entryOf(tracer, `${field}.tracer`).make(checked(tracer as string, options, field));
}

/** What somebody else's function makes is looked at once: an `async` one makes no tracer. */
function checkedFactory(make: TracerFactory, field: string): TracerFactory {
  return (transaction) => {
    const made = make(transaction);
    if (typeof made?.result !== 'function') throw new InputError(field, 'made no tracer: it has no method `result`');
    return made;
  };
}

function readMux(options: Record<string, unknown>, field: string): TracerFactory {
  const { tracers, ...rest } = options;
  checkOptions(rest, field, {});
  const entries = Object.entries(plainObject(tracers, `${field}.tracers`)).map(([name, given]) => {
    const place = `${field}.tracers.${name}`;
    return [name, entryOf(name, place).make(checked(name, plainObject(given, place), place))] as const;
  });
  return muxTracer(Object.fromEntries(entries));
}

/** The names of a tracer's options, but for `muxTracer`. @throws InputError for an unknown tracer */
export function optionNames(name: string, field: string): readonly string[] {
  const { options } = entryOf(name, field);
  const known = namesOf.get(options) ?? Object.keys(options);
  namesOf.set(options, known);
  return known;
}

const namesOf = new WeakMap<Options, readonly string[]>();

/**
 * Checks the options of a tracer that is named, but for `muxTracer`.
 * @throws InputError naming the tracer's `field`, or that of the option below `place`
 */
export function checkTracer(name: string, options: object, field: string, place = field): void {
  entryOf(name, field);
  checked(name, options, place);
}

function entryOf(name: unknown, field: string): Entry {
  if (typeof name === 'string' && Object.hasOwn(simple, name)) return simple[name as keyof typeof simple];
  const known = TRACER_NAMES.join(', ');
  if (typeof name !== 'string') {
    throw new InputError(field, `expected ${known} or a function, got ${describe(name)}`);
  }
  const near = nearestName(name, TRACER_NAMES);
  throw new InputError(field, `unknown tracer ${describe(name)}; did you mean "${near}"? There are ${known}`);
}

function checked(name: string, options: object, field: string): object {
  checkOptions(options, field, entryOf(name, field).options);
  const { diffMode, includeEmpty } = options as PrestateTracerOptions;
  if (diffMode && includeEmpty) throw new InputError(`${field}.includeEmpty`, 'not together with diffMode');
  return options;
}
