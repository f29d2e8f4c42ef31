// What stands in `pevm.config.yaml` and in the environment: the options of the engine that say where, and what pevm-go has.

import { InputError } from '../base/errors.ts';
import { describe } from '../base/reader.ts';
import { choice, integerFrom, type Kind, milliseconds, numberFrom, type Options, truth } from './descriptor.ts';
import { ENGINE_OPTIONS, MAX_ENGINE_WORKERS } from './descriptors.ts';

export interface Setting {
  readonly section: string;
  readonly name: string;
  readonly kind: Kind;
  readonly doc: string;
  /** What holds where it is not given; `undefined`: said by `standard`. */
  readonly value?: unknown;
  readonly standard?: string;
  /** The variable by the rule (section and name), and that of pevm-go. */
  readonly variables: readonly string[];
  /** In the options of the engine. */
  readonly path?: readonly string[];
  /** The value that holds whatever is given; others are refused, for the reason in `why`. */
  readonly only?: unknown;
  /** Without `only` and `path`: why any value is without effect. */
  readonly why?: string;
}

const port: Kind = {
  type: 'number',
  values: { form: 'port' },
  check(value, field) {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535) return;
    throw new InputError(field, `expected a port from 0 to 65535, got ${describe(value)}`);
  },
};

/** Of any bound: there is nothing here that it would bound. */
const size = numberFrom(0, Number.MAX_SAFE_INTEGER, 'MiB');

type Other = Omit<Setting, 'section' | 'name' | 'variables'> & { readonly variable?: string };

/** What is no option of the engine: of the command line, and of pevm-go. */
const OTHERS: Readonly<Record<string, Other>> = {
  'engine.min_workers': {
    kind: integerFrom(1, MAX_ENGINE_WORKERS),
    doc: 'Makes a range of `engine.max_workers`: so many workers there always are, and more where runs keep them busy.',
    standard: 'none: the number of workers is fixed',
  },
  'engine.gc_pressure_limit': {
    kind: numberFrom(0, 1),
    doc: 'Share of the memory at which garbage is collected.',
    why: 'a run makes no garbage: its memory is given up as a whole',
  },
  'scheduler.dependency_analysis': {
    kind: choice(['fast']),
    doc: 'How dependencies are found.',
    why: 'dependencies are found by executing, which cannot be chosen',
  },
  'storage.backend': {
    kind: choice(['lock-free']),
    doc: 'The store of versions.',
    only: 'lock-free',
    why: 'there is one store, which is free of locks',
  },
  'storage.version_gc_interval': {
    kind: milliseconds,
    doc: 'How often old versions are removed.',
    why: 'versions live as long as their block, and go with it at once; storage.fold_interval says how often sums of credits are made absolute',
  },
  'storage.cache_size': {
    kind: size,
    doc: 'Size of a cache of state.',
    why: 'the state is in memory; what a node has answered is kept by the cache that rpcState is given, which has a bound of its own',
  },
  'metrics.enabled': {
    kind: truth,
    doc: 'Metrics are always counted; `false`: `metrics.prometheus_endpoint` is not opened.',
    value: true,
    variable: 'PEVM_ENABLE_METRICS',
  },
  'metrics.collection_interval': {
    kind: milliseconds,
    doc: 'How often metrics are gathered.',
    why: 'metrics are read when somebody asks for them',
  },
  'metrics.prometheus_endpoint': {
    kind: port,
    doc: 'Where commands of `pevm` that execute serve metrics for Prometheus while they run, on the loopback address; 0: any port that is free.',
    standard: 'none',
    variable: 'PEVM_PROMETHEUS_PORT',
  },
  'log.level': {
    kind: choice(['debug', 'info', 'warn', 'error']),
    doc: 'How much is logged.',
    why: 'nothing is logged: results, reports and events say what happened',
  },
};

/** Sections in the order of pevm-go's file. */
const SECTIONS = ['engine', 'scheduler', 'storage', 'validation', 'metrics', 'log'];

/** Every setting, by section and name as in `engine.max_workers`. */
export const SETTINGS: ReadonlyMap<string, Setting> = new Map(
  [...engineSettings(ENGINE_OPTIONS, []), ...Object.entries(OTHERS).map(otherSetting)]
    .sort((left, right) => SECTIONS.indexOf(left.section) - SECTIONS.indexOf(right.section))
    .map((setting) => [`${setting.section}.${setting.name}`, setting]),
);

/** Each variable of the environment, and what it sets. */
export const VARIABLES: ReadonlyMap<string, string> = new Map(
  [...SETTINGS].flatMap(([key, { variables }]) => variables.map((variable) => [variable, key] as const)),
);

/** Variables of our tests and scripts, which say nothing about an engine. */
export const TEST_VARIABLES =
  /^PEVM_(BROWSER|COUNT_\w+|ENTRY|FUZZ_SEED|LONG|MATRIX|REQUIRE_SHARED|SCREENSHOT|SHARED|TARGET|VERBOSE)$/;

function engineSettings(options: Options, path: readonly string[]): Setting[] {
  return Object.entries(options).flatMap(([name, { setting, variable, doc, value, standard, ...kind }]) => {
    const here = [...path, name];
    if (kind.values?.form === 'group') return engineSettings(kind.values.options, here);
    if (setting === undefined) return [];
    const rest = { kind, doc, path: here, ...(standard === undefined ? {} : { standard }) };
    return [{ ...placed(setting, variable), ...rest, ...(value === undefined ? {} : { value }) }];
  });
}

function otherSetting([key, { variable, ...rest }]: readonly [string, Other]): Setting {
  return { ...placed(key, variable), ...rest };
}

function placed(key: string, variable: string | undefined): Pick<Setting, 'section' | 'name' | 'variables'> {
  const [section = '', name = ''] = key.split('.');
  const byRule = `PEVM_${section}_${name}`.toUpperCase();
  return { section, name, variables: variable === undefined ? [byRule] : [byRule, variable] };
}
