// Reports: exact JSON keys, and pages and tables that fit a terminal of 80 columns.

import { describe, expect, test } from 'vitest';
import { PevmError } from '../../../src/base/errors.ts';
import {
  failedRow,
  jsonLine,
  jsonLineOfFailure,
  page,
  tableFoot,
  tableHead,
  tableRow,
} from '../../../src/cli/report.ts';
import { type Paint, widthOf } from '../../../src/cli/terminal.ts';
import type { Omission } from '../../../src/types.ts';
import { measurement, subject } from './measurements.ts';

const plain: Paint = (_, text) => text;
const coloured: Paint = (_, text) => `\x1b[1m${text}\x1b[22m`;
const rounds = { sequential: true, warmUp: 1, repeat: 3 };
const lacking: Omission[] = (['transactionsRoot', 'withdrawalsRoot', 'sha3Uncles', 'difficulty'] as const).map(
  (name) => ({
    name,
    reason: 'not-in-block',
    message: 'missing',
  }),
);
const omitted: Omission[] = [...lacking, { name: 'stateRoot', reason: 'not-asked', message: 'not asked for' }];
const wrong = { name: 'receiptsRoot', expected: `0x${'11'.repeat(32)}`, actual: `0x${'22'.repeat(32)}` };

describe('a JSON line', () => {
  const keys = ['number', 'executor', 'workers', 'ok', 'mismatches', 'gasUsed', 'receiptsRoot', 'durationMs'];
  const rest = ['bound', 'efficiency', 'executions', 'reexecutions'];

  test('has exactly the promised keys, in order', () => {
    const line = jsonLine(subject(), 'ethereumjs', measurement());
    expect(Object.keys(line)).toEqual([...keys, 'sequentialMs', 'speedup', ...rest]);
    expect(line).toMatchObject({ number: 19_428_315, executor: 'ethereumjs', workers: 2, ok: true, mismatches: [] });
    expect(line).toMatchObject({ gasUsed: 12_345_678, durationMs: 231, sequentialMs: 412.3, speedup: 1.785 });
    expect(line).toMatchObject({ bound: 205.25, efficiency: 0.936, executions: 214, reexecutions: 14 });
  });

  test('leaves the sequential times out where nothing ran sequentially', () => {
    expect(Object.keys(jsonLine(subject(), 'ethereumjs', measurement({ sequential: false })))).toEqual([
      ...keys,
      ...rest,
    ]);
  });

  test('is not ok with a mismatch, and lists it', () => {
    const line = jsonLine(subject(), 'ethereumjs', measurement({ mismatches: [wrong] }));
    expect(line.ok).toBe(false);
    expect(line.mismatches).toEqual([wrong]);
  });

  test('names what could not be compared, where there is something', () => {
    const line = jsonLine(subject(), 'ethereumjs', measurement({ omitted }));
    expect(Object.keys(line)).toEqual([...keys, 'sequentialMs', 'speedup', ...rest, 'omitted']);
    expect(line.omitted).toEqual(lacking);
  });

  test('of a block that could not run has the same keys and says why', () => {
    const line = jsonLineOfFailure(subject(), 'ethereumjs', 2, new PevmError(-38000, 'transaction 3: nonce too high'));
    expect(Object.keys(line)).toEqual([...keys, ...rest]);
    expect(line.ok).toBe(false);
    expect(line.mismatches).toEqual([{ name: 'block', expected: 'valid', actual: 'transaction 3: nonce too high' }]);
    expect(line.gasUsed).toBeNull();
  });
});

describe('a page', () => {
  test('fits 80 columns, with and without colours', () => {
    for (const paint of [plain, coloured]) {
      for (const mismatches of [[], [wrong], Array.from({ length: 12 }, () => wrong)]) {
        const lines = page(subject(), 'ethereumjs', rounds, measurement({ mismatches }), paint);
        expect(lines.filter((line) => widthOf(line) > 80)).toEqual([]);
        expect(lines.some((line) => line !== line.trimEnd())).toBe(false);
      }
    }
  });

  test('tells times, speed-up, bound, executions and the busiest locations by name', () => {
    const text = page(subject(), 'ethereumjs', rounds, measurement(), plain).join('\n');
    expect(text).toMatch(/sequential +412\.3 ms +29\.9 Mgas\/s/);
    expect(text).toMatch(/parallel +231\.0 ms +53\.4 Mgas\/s +2 workers, ethereumjs, 1\.78× as fast/);
    expect(text).toMatch(/bound +205\.3 ms +94 % of what the dependencies allow/);
    expect(text).toMatch(/executions +214 +14 re-executions, 5 aborts, 9 suspensions/);
    expect(text).toMatch(/pair: reserves +7\n/);
    expect(text).toMatch(/WETH: balance +1\n/);
    expect(text).toContain('✓ receipts root   0x5545384c…4e39ad   equals the header and the sequential run');
  });

  test('names what could not be compared, but for the root of a state that is not complete', () => {
    const lines = page(subject(), 'ethereumjs', rounds, measurement({ omitted }), plain);
    expect(lines).toContain('    not compared: transactionsRoot, withdrawalsRoot, sha3Uncles, difficulty');
    expect(lines.filter((line) => widthOf(line) > 80)).toEqual([]);
    expect(page(subject(), 'ethereumjs', rounds, measurement(), plain).join()).not.toContain('not compared');
  });

  test('tells what went wrong, and what was lost on the way', () => {
    const changes = { mismatches: [wrong], report: { drains: 1, workersLost: 2 } };
    const text = page(subject(), 'ethereumjs', rounds, measurement(changes), plain).join('\n');
    expect(text).toContain('✗ receipts root   0x5545384c…4e39ad   differs');
    expect(text).toContain(`expected 0x${'11'.repeat(31)}`);
    expect(text).toContain('memory ran out 1 time: the rest ran sequentially');
    expect(text).toContain('2 workers lost and replaced');
    expect(text).toContain('1 mismatch');
  });
});

describe('a table', () => {
  test('has rows as wide as its head, at most 80 columns', () => {
    for (const sequential of [true, false]) {
      const head = tableHead({ ...rounds, sequential }, plain);
      const [row = ''] = tableRow(subject(), measurement({ sequential }), plain);
      expect(widthOf(row)).toBe(widthOf(head));
      expect(widthOf(head)).toBeLessThanOrEqual(80);
    }
  });

  test('shows mismatches and failures below their block', () => {
    const rows = tableRow(subject(), measurement({ mismatches: [wrong] }), plain);
    expect(rows[0]).toMatch(/^✗ +19428315 byzantium/);
    expect(rows[1]).toContain('receiptsRoot');
    expect(failedRow(subject(), 'transaction 3: nonce too high', plain)[1]).toContain('transaction 3: nonce too high');
  });

  test('ends with how many blocks are right', () => {
    const foot = tableFoot([measurement(), measurement({ mismatches: [wrong] })], 3, plain);
    expect(foot).toBe('1 of 3 blocks right: 24.7 Mgas in 0.5 s, 53.4 Mgas/s, 1.78× as fast as sequential');
  });
});
