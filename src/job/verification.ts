// What a block's request asks to verify: the header, the root of the state, and what a trusted execution found.

import type { Hex } from '../base/hex.ts';
import type { Expected } from '../block/expected.ts';
import type { Mismatch, Omission } from '../block/header-checks.ts';
import { compareWithExpected } from '../block/state-diff.ts';
import { reckonTransactionsRoot, verifyBlock } from '../block/verify.ts';
import { rulesOf } from '../chain/rules.ts';
import type { VerifyOptions } from '../types.ts';
import type { BlockContext } from './block-encoding.ts';
import type { BlockExecution } from './block-result.ts';

/** What of a verification takes nothing but the block, while others execute it. */
export function verifyAhead(context: BlockContext, verify: WantedVerification['verify'] = false): void {
  if (verify === true || (verify !== false && verify.transactionsRoot === true)) reckonTransactionsRoot(context);
}

export interface WantedVerification {
  readonly verify: boolean | VerifyOptions | undefined;
  readonly expected: Expected | undefined;
  /** After the block, where it was asked for. */
  readonly stateRoot: Hex | undefined;
  /** Slots that `transactionsStateDiff` says although they are what they were (see `slotsAsBefore`). */
  readonly asBefore: () => ReadonlyMap<Hex, ReadonlySet<Hex>>;
}

/** What differs, as far as that was asked for, and what could not be compared. */
export function verification(
  context: BlockContext,
  result: BlockExecution,
  { verify = false, expected, stateRoot, asBefore }: WantedVerification,
): { mismatches: Mismatch[]; omitted?: Omission[] } {
  // Finding out what the result itself lacks may take decoding it.
  if (verify === false) return { mismatches: [] };
  // The hash of a header commits to nothing that execution finds, and other chains have other fields: it is asked for by name.
  const wanted = (name: keyof VerifyOptions): boolean => (verify === true ? name !== 'hash' : verify[name] === true);
  const { mismatches, omitted } = verifyBlock({ ...context, output: result }, wanted);
  const { block } = context;
  if (wanted('stateRoot')) {
    if (block.stateRoot === undefined) {
      omitted.push({ name: 'stateRoot', reason: 'not-in-block', message: 'block.stateRoot is missing' });
    } else if (stateRoot === undefined) {
      omitted.push({
        name: 'stateRoot',
        reason: 'not-asked',
        message: 'it takes verify.stateRoot, and a complete state',
      });
    } else if (stateRoot !== block.stateRoot) {
      mismatches.push({ name: 'stateRoot', expected: block.stateRoot, actual: stateRoot });
    }
  }
  if (expected !== undefined && wanted('expected')) {
    const isEmptied = [...result.transactionsStateDiff.values()].some((account) => account?.destroyed === true);
    mismatches.push(...compareWithTrusted(context, expected, result, isEmptied ? asBefore() : undefined));
  }
  if (expected === undefined && verify !== true && verify.expected === true) {
    omitted.push({ name: 'expected', reason: 'not-in-request', message: 'request.expected is missing' });
  }
  // What the result itself lacks says more about why than that it could not be compared.
  const names = new Set(result.omitted.map(({ name }) => name));
  return { mismatches, omitted: [...result.omitted, ...omitted.filter(({ name }) => !names.has(name))] };
}

function compareWithTrusted(
  { hardfork }: BlockContext,
  expected: Expected,
  { transactions, transactionsStateDiff }: BlockExecution,
  asBefore: ReadonlyMap<Hex, ReadonlySet<Hex>> | undefined,
): Mismatch[] {
  const mismatches: Mismatch[] = [];
  const emptyIsAbsent = rulesOf(hardfork).clearsEmpty;
  expected.transactions.forEach((trusted, i) => {
    const found = transactions[i];
    const compare = (name: string, wantedValue: bigint | number, value: bigint | number | undefined): void => {
      if (wantedValue === value) return;
      mismatches.push({ name: `transactions[${i}].${name}`, expected: String(wantedValue), actual: String(value) });
    };
    compare('gasUsed', trusted.gasUsed, found?.gasUsed);
    compare('status', trusted.status, found === undefined ? undefined : Number(found.success));
    compare('logs', trusted.logs, found?.logs.length);
  });
  for (const { path, expected: trusted, actual } of compareWithExpected(
    transactionsStateDiff,
    expected,
    emptyIsAbsent,
    asBefore,
  )) {
    mismatches.push({ name: `post.${path}`, expected: trusted, actual });
  }
  return mismatches;
}
