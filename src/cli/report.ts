// How results are printed: one JSON object per line for machines, a page or a table of 80 columns for people.
import { type PevmError, WitnessError } from '../base/errors.ts';
import { trafficKinds } from '../traffic/index.ts';
import type { LocationName, Mismatch, Omission, Report } from '../types.ts';
import { knownContracts } from './known-contracts.ts';
import type { Measurement, Rounds } from './measurement.ts';
import type { Subject } from './subject.ts';
import { align, type Paint, wrap } from './terminal.ts';

/** One block in machine-readable form. Times are milliseconds; `null` where the block could not run. */
export interface JsonLine {
  number: number;
  executor: string;
  workers: number;
  ok: boolean;
  mismatches: readonly Mismatch[];
  gasUsed: number | null;
  /** `null` before Byzantium too: those receipts embed state roots. */
  receiptsRoot: string | null;
  durationMs: number | null;
  /** With a sequential run only. */
  sequentialMs?: number;
  /** sequentialMs / durationMs. */
  speedup?: number;
  /** max(T1 / workers, T∞): what no schedule can beat. */
  bound: number | null;
  /** The bound in relation to the time of execution. */
  efficiency: number | null;
  executions: number | null;
  reexecutions: number | null;
  /** What could not be compared, and why; only where there is something. */
  omitted?: readonly Omission[];
  /** What is wrong with the witness; only where that ended it. */
  witness?: WitnessFault;
}

/** Of a WitnessError, as far as it is known. */
export type WitnessFault = Pick<WitnessError, 'problem' | 'part'> &
  Partial<Pick<WitnessError, 'index' | 'hash' | 'path' | 'address' | 'slot'>> & { readonly number?: number };

export function jsonLine({ file }: Subject, executor: string, measurement: Measurement): JsonLine {
  const { result, durationMs, sequential, mismatches } = measurement;
  const { workers, bound, executions, reexecutions } = result.report;
  const omitted = omissionsOf(measurement);
  return {
    number: Number(file.block.number),
    executor,
    workers,
    ok: mismatches.length === 0,
    mismatches,
    gasUsed: Number(result.gasUsed),
    receiptsRoot: result.receiptsRoot ?? null,
    durationMs: rounded(durationMs),
    ...(sequential && {
      sequentialMs: rounded(sequential.durationMs),
      speedup: rounded(sequential.durationMs / durationMs),
    }),
    bound: rounded(bound.boundMs),
    efficiency: rounded(bound.efficiency),
    executions,
    reexecutions,
    ...(omitted.length > 0 && { omitted }),
  };
}

/** The line of a block that the rules do not allow, or that could not be run to its end. */
export function jsonLineOfFailure({ file }: Subject, executor: string, workers: number, error: PevmError): JsonLine {
  const mismatches = [{ name: 'block', expected: 'valid', actual: error.message }];
  const unknown = { gasUsed: null, receiptsRoot: null, durationMs: null, bound: null, efficiency: null };
  const number = Number(file.block.number);
  const line = { number, executor, workers, ok: false, mismatches, ...unknown, executions: null, reexecutions: null };
  return error instanceof WitnessError ? { ...line, witness: faultOf(error) } : line;
}

function faultOf({ problem, part, index, hash, path, address, slot, number }: WitnessError): WitnessFault {
  return {
    ...{ problem, part },
    ...(index !== undefined && { index }),
    ...(hash !== undefined && { hash }),
    ...(path !== undefined && { path }),
    ...(address !== undefined && { address }),
    ...(slot !== undefined && { slot }),
    ...(number !== undefined && { number: Number(number) }),
  };
}

/** Everything about one block. */
export function page(
  subject: Subject,
  executor: string,
  rounds: Rounds,
  measurement: Measurement,
  paint: Paint,
): string[] {
  const { result, sequential, mismatches, durationMs } = measurement;
  const { report } = result;
  const { block, hardfork } = subject.file;
  const { bound } = report;
  const chain = chainOf(subject, report);
  const ok = mismatches.length === 0;
  const title = subject.traffic === undefined ? `Block ${whole(BigInt(block.number))}` : 'Traffic block';
  const count = block.transactions.length;
  const row = (label: string, value: string, note = '') =>
    `  ${align(label, -13)}${align(value, 11)}   ${note}`.trimEnd();
  const pace = (ms: number) => align(`${(Number(result.gasUsed) / ms / 1000).toFixed(1)} Mgas/s`, -12);

  const lines = [
    `${paint('bold', title)}   ${hardfork}, ${plural(count, 'transaction')}, ${whole(result.gasUsed)} gas`,
    ...mixOf(subject).map((line) => paint('dim', line)),
    '',
    ...verdict(subject, measurement, paint),
    '',
  ];
  if (sequential !== undefined) {
    lines.push(
      row('sequential', milliseconds(sequential.durationMs), `${pace(sequential.durationMs)} plain ethereumjs`),
    );
  }
  const ratio = sequential === undefined ? undefined : (sequential.durationMs / durationMs).toFixed(2);
  const times = ratio === undefined ? '' : `, ${paint('bold', `${ratio}× as fast`)}`;
  lines.push(
    row(
      'parallel',
      milliseconds(durationMs),
      `${pace(durationMs)} ${plural(report.workers, 'worker')}, ${shortened(executor, 12)}${times}`,
    ),
    ...[
      row('  load', milliseconds(report.loadMs)),
      row('  execute', milliseconds(report.executionMs)),
      row('  decode', milliseconds(report.decodeMs)),
    ].map((line) => paint('dim', line)),
    row('bound', milliseconds(bound.boundMs), `${percent(bound.efficiency)} of what the dependencies allow`),
    paint('dim', row('  work', milliseconds(bound.t1Ms), 'all final executions')),
    paint('dim', row('  chain', milliseconds(bound.tInfinityMs), chain.length)),
    ...(chain.through === undefined ? [] : [paint('dim', row('', '', chain.through))]),
    '',
    row('executions', whole(report.executions), executionsNote(report)),
    ...exceptions(report).map((line) => row('', '', paint('yellow', line))),
  );
  if (report.conflicts.length > 0) {
    lines.push('', `  ${align('busiest locations', -60)}${align('conflicts', 16)}`);
    for (const { location, count } of report.conflicts.slice(0, 5)) {
      lines.push(`    ${align(shortened(nameOf(subject, location), 56), -58)}${align(whole(count), 16)}`);
    }
  }
  lines.push(
    '',
    paint('dim', `  ${measured(rounds)}`),
    ok ? '' : paint('red', `  ${plural(mismatches.length, 'mismatch', 'es')}`),
  );
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function mixOf({ traffic }: Subject): string[] {
  if (traffic === undefined) return [];
  const parts = Object.entries(trafficKinds).flatMap(([kind, { title }]) => {
    const count = traffic.plan.filter((planned) => planned.kind === kind).length;
    return count === 0 ? [] : [plural(count, title)];
  });
  const hot = traffic.plan.filter((planned) => planned.hot).length;
  return wrap(`${parts.join(', ')}; ${hot} of ${traffic.plan.length} share what they use with others`, 76);
}

/** What was compared, and with what result. */
function verdict({ traffic, file }: Subject, measurement: Measurement, paint: Paint): string[] {
  const { result, sequential, mismatches } = measurement;
  const wrong = (prefix: string) => mismatches.filter(({ name }) => name.startsWith(prefix));
  const line = (good: boolean, label: string, text: string) =>
    `  ${paint(good ? 'green' : 'red', good ? '✓' : '✗')} ${align(label, -15)} ${text}`;
  const lines: string[] = [];
  const rootWrong = [...wrong('receiptsRoot'), ...wrong('sequential.receiptsRoot')].length > 0;
  const equals = [
    ...(traffic === undefined && file.block.receiptsRoot !== undefined ? ['the header'] : []),
    ...(sequential === undefined ? [] : ['the sequential run']),
  ].join(' and ');
  if (result.receiptsRoot !== undefined) {
    const judged = rootWrong ? '   differs' : equals === '' ? '' : `   equals ${equals}`;
    lines.push(line(!rootWrong, 'receipts root', `${shortHash(result.receiptsRoot)}${judged}`));
  }
  if (result.stateRoot !== undefined) {
    const differs = wrong('stateRoot').length > 0;
    const judged = differs ? '   differs' : file.block.stateRoot === undefined ? '' : '   equals the header';
    lines.push(line(!differs, 'state root', `${shortHash(result.stateRoot)}${judged}`));
  }
  if (file.expected !== undefined) {
    const bad = wrong('post').length + wrong('transactions').length + wrong('expected').length;
    lines.push(line(bad === 0, 'state', bad === 0 ? 'every change as expected' : plural(bad, 'unexpected change')));
  } else if (sequential !== undefined) {
    const bad = wrong('sequential.state').length;
    const changed = `${plural(result.stateDiff.size, 'account')} changed`;
    lines.push(
      line(bad === 0, 'state', bad === 0 ? `${changed} as in the sequential run` : plural(bad, 'different change')),
    );
  }
  for (const { name, expected, actual } of mismatches.slice(0, 8)) {
    lines.push(line(false, '', `${shortened(name, 58)}`));
    lines.push(`    expected ${shortened(expected, 66)}`, `    got      ${shortened(actual, 66)}`);
  }
  if (mismatches.length > 8) lines.push(`      and ${mismatches.length - 8} more (all of them with --json)`);
  if (lines.length === 0) lines.push(line(true, 'gas and logs', 'as in the header'));
  const omitted = omissionsOf(measurement);
  for (const { reason, message } of omitted) {
    if (reason === 'doubtful') lines.push(...wrap(message, 74).map((text) => paint('red', `    ${text}`)));
  }
  const lacking = omitted.filter(({ reason }) => reason !== 'doubtful').map(({ name }) => name);
  if (lacking.length > 0) {
    lines.push(...wrap(`not compared: ${lacking.join(', ')}`, 74).map((text) => paint('dim', `    ${text}`)));
  }
  return lines;
}

/** The root of the whole state, which was not asked for, takes more than a block file has. */
function omissionsOf({ result }: Measurement): Omission[] {
  return result.omitted.filter(({ reason }) => reason !== 'not-asked');
}

function executionsNote({ executions, reexecutions, suspensions, aborts }: Report): string {
  if (reexecutions === 0 && suspensions === 0) return executions === 1 ? '' : 'none of them twice';
  return `${plural(reexecutions, 're-execution')}, ${plural(aborts, 'abort')}, ${plural(suspensions, 'suspension')}`;
}

/** What a healthy run has none of. */
function exceptions({ drains, workersLost, threading, workers }: Report): string[] {
  return [
    ...(drains > 0 ? [`memory ran out ${plural(drains, 'time')}: the rest ran sequentially`] : []),
    ...(workersLost > 0 ? [`${plural(workersLost, 'worker')} lost and replaced`] : []),
    ...(threading === 'inline' && workers > 1 ? ['no shared memory here: one thread did everything'] : []),
  ];
}

/** The longest chain in words: how long it is, and through which location most of its links go. */
function chainOf(subject: Subject, { bound }: Report): { length: string; through?: string } {
  const steps = bound.criticalPath;
  const links = new Map<string, number>();
  for (const { location } of steps) {
    if (location === undefined) continue;
    const name = nameOf(subject, location);
    links.set(name, (links.get(name) ?? 0) + 1);
  }
  const [most] = [...links].sort(([, one], [, other]) => other - one);
  const length =
    steps.length === 1 ? 'the longest step alone' : `${whole(steps.length)} steps that wait for each other`;
  return most === undefined ? { length } : { length, through: `${whole(most[1])} by ${shortened(most[0], 44)}` };
}

function measured({ warmUp, repeat, sequential }: Rounds): string {
  if (warmUp === 0 && repeat === 1) return 'one cold run; --warm-up and --repeat measure better';
  const turns = sequential ? ', both ways in turns' : '';
  return `median of ${plural(repeat, 'round')} after ${plural(warmUp, 'warm-up round')}${turns}`;
}

/** Headings of the table of several blocks. */
export function tableHead(rounds: Rounds, paint: Paint): string {
  const last = rounds.sequential ? 'speed-up' : 'Mgas/s';
  return paint('dim', columns('', 'block', 'fork', 'txs', 'gas', 'time', last, 'of bound', 'again'));
}

/** One block in the table, and what is wrong with it. */
export function tableRow({ file }: Subject, measurement: Measurement, paint: Paint): string[] {
  const { result, durationMs, sequential, mismatches } = measurement;
  const { bound, reexecutions } = result.report;
  const ok = mismatches.length === 0;
  const pace =
    sequential === undefined
      ? (Number(result.gasUsed) / durationMs / 1000).toFixed(1)
      : `${(sequential.durationMs / durationMs).toFixed(2)}×`;
  return [
    columns(
      paint(ok ? 'green' : 'red', ok ? '✓' : '✗'),
      BigInt(file.block.number).toString(),
      shortened(file.hardfork, 14),
      String(file.block.transactions.length),
      whole(result.gasUsed),
      milliseconds(durationMs),
      pace,
      percent(bound.efficiency),
      String(reexecutions),
    ),
    ...mismatches
      .slice(0, 3)
      .flatMap(({ name, expected, actual }) => [
        `    ${paint('red', shortened(name, 74))}`,
        `      expected ${shortened(expected, 62)}`,
        `      got      ${shortened(actual, 62)}`,
      ]),
    ...(mismatches.length > 3 ? [`    and ${mismatches.length - 3} more`] : []),
  ];
}

/** The row of a block that could not run. */
export function failedRow({ file }: Subject, problem: string, paint: Paint): string[] {
  const head = columns(paint('red', '✗'), BigInt(file.block.number).toString(), shortened(file.hardfork, 14));
  return [head.trimEnd(), ...wrap(problem, 74).map((line) => `    ${paint('red', line)}`)];
}

/** The last line under the table. */
export function tableFoot(measurements: readonly Measurement[], blocks: number, paint: Paint): string {
  const right = measurements.filter(({ mismatches }) => mismatches.length === 0).length;
  const gas = measurements.reduce((sum, { result }) => sum + Number(result.gasUsed), 0);
  const ms = measurements.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const baseline = measurements.reduce((sum, { sequential }) => sum + (sequential?.durationMs ?? 0), 0);
  const verdict = paint(right === blocks ? 'green' : 'red', `${right} of ${blocks} blocks right`);
  const speedup = baseline > 0 ? `, ${(baseline / ms).toFixed(2)}× as fast as sequential` : '';
  return `${verdict}: ${(gas / 1e6).toFixed(1)} Mgas in ${seconds(ms)}, ${(gas / ms / 1000).toFixed(1)} Mgas/s${speedup}`;
}

const widths = [-1, 9, -14, 4, 11, 10, 8, 8, 6];

function columns(...cells: string[]): string {
  return cells
    .map((cell, index) => align(cell, widths[index] ?? 0))
    .join(' ')
    .trimEnd();
}

/** A location for people: by what the subject knows, by what everybody knows, or by its address. */
function nameOf(subject: Subject, location: LocationName): string {
  const { address, kind, slot, key } = location;
  if (key !== undefined) return `${kind} ${key}`;
  const described = subject.describe(location);
  if (described !== undefined) return described;
  if (address === undefined) return kind;
  const owner = (subject.file.chainId === 1 ? knownContracts[address.toLowerCase()] : undefined) ?? shortHash(address);
  return slot === undefined ? `${owner}: ${kind}` : `${owner}: slot ${shortHash(slot)}`;
}

function shortHash(hex: string): string {
  const digits = hex.slice(2).replace(/^0+(?=.)/, '');
  return digits.length <= 12 ? `0x${digits}` : `${hex.slice(0, 10)}…${hex.slice(-6)}`;
}

function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function plural(count: number, noun: string, ending = 's'): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : ending}`;
}

function whole(number: number | bigint): string {
  return number.toLocaleString('en-US');
}

function milliseconds(ms: number): string {
  return ms < 10_000 ? `${ms.toFixed(1)} ms` : seconds(ms);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function rounded(number: number): number {
  return Math.round(number * 1000) / 1000;
}
