// Previews and traces in words: trees, indented, for people; and as JSON for programs.

import type { Hex } from '../base/hex.ts';
import type { ApprovalChange, Asset, AssetChange, CallFrame, Preview, TraceOf } from '../index.ts';
import type { Paint } from './terminal.ts';

/** Calls that a page shows. */
const MOST_CALLS = 2_000;
const LONGEST_DATA = 34;

/** Numbers as decimal strings, maps as objects. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, item) => {
    if (typeof item === 'bigint') return item.toString();
    return item instanceof Map ? Object.fromEntries(item) : item;
  });
}

export function previewPage(preview: Preview, paint: Paint): string[] {
  const lines = ownLines(preview, paint);
  for (const [at, part] of (preview.transactions ?? []).entries()) {
    lines.push('', paint('bold', `transaction ${at}`), ...ownLines(part, paint).map((line) => `  ${line}`));
  }
  return lines;
}

function ownLines(preview: Preview, paint: Paint): string[] {
  const { status, error, gasUsed, stateGas, gasLimit, fee, assetChanges, approvals, delegations, environment, calls } =
    preview;
  const limit = gasLimit === undefined ? '' : `, limit to set ${grouped(gasLimit)}`;
  const grown = stateGas === 0n ? '' : ` (${grouped(stateGas)} for state)`;
  const paid = fee === 0n ? '' : `, fee ${inUnits(fee, 18)} ETH`;
  return [
    `${paint(status === 'success' ? 'green' : 'red', status)}  ${grouped(gasUsed)} gas${grown}${limit}${paid}`,
    ...(error === undefined ? [] : [`${paint('red', error.kind)}  ${error.message}${wayOf(error.at)}`]),
    ...section(
      'assets',
      assetChanges.map((change) => assetLine(change, paint)),
      paint,
    ),
    ...section(
      'approvals',
      approvals.map((approval) => approvalLine(approval, paint)),
      paint,
    ),
    ...section(
      'delegations',
      delegations.map(({ authority, from, to }) => `${authority}  ${from ?? 'no code'} → ${to ?? 'no code'}`),
      paint,
    ),
    ...section('asks for', environment.length === 0 ? [] : [environment.join(' ')], paint),
    ...(calls === undefined ? [] : section('calls', callTree(calls, paint), paint)),
  ];
}

function wayOf(at: readonly number[]): string {
  return at.length === 0 ? '' : ` (call ${at.join('.')})`;
}

function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : [paint('bold', title), ...lines.map((line) => `  ${line}`)];
}

function assetLine({ account, asset, change, conflict }: AssetChange, paint: Paint): string {
  const amount = `${change > 0n ? '+' : '-'}${inUnits(change < 0n ? -change : change, decimalsOf(asset))}`;
  const doubt = conflict === undefined ? '' : paint('yellow', `  but ${conflict}`);
  return `${account}  ${paint(change > 0n ? 'green' : 'red', amount)} ${nameOf(asset)}${doubt}`;
}

function approvalLine({ owner, spender, asset, kind, before, after, unlimited }: ApprovalChange, paint: Paint): string {
  const amount = (value: ApprovalChange['before']) => {
    if (value === undefined) return 'unknown';
    return typeof value === 'boolean' ? (value ? 'yes' : 'no') : inUnits(value, decimalsOf(asset));
  };
  const now = unlimited && kind !== 'operator' ? 'unlimited' : amount(after);
  const words = `${amount(before)} → ${paint(unlimited ? 'yellow' : 'bold', now)}`;
  return `${owner}  lets ${spender}  ${kind} of ${nameOf(asset)}: ${words}`;
}

function nameOf({ kind, address, symbol, tokenId }: Asset): string {
  if (kind === 'native') return 'ETH';
  const which = tokenId === undefined ? '' : ` #${tokenId}`;
  return symbol === undefined ? `${address}${which}` : `${symbol}${which} (${address})`;
}

function decimalsOf({ kind, decimals }: Asset): number {
  return kind === 'native' ? 18 : (decimals ?? 0);
}

/** An amount of the least unit, in units of 10^decimals. */
export function inUnits(amount: bigint, decimals: number): string {
  const digits = amount.toString().padStart(decimals + 1, '0');
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const whole = grouped(BigInt(digits.slice(0, digits.length - decimals)));
  return decimals === 0 || fraction === '' ? whole : `${whole}.${fraction}`;
}

function grouped(number: bigint): string {
  return number.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Without recursion: calls can be 1,024 deep. */
export function callTree(root: CallFrame, paint: Paint): string[] {
  const lines: string[] = [];
  const open: { frame: CallFrame; depth: number }[] = [{ frame: root, depth: 0 }];
  while (open.length > 0) {
    const { frame, depth } = open.pop()!;
    if (lines.length >= MOST_CALLS) return [...lines, paint('dim', '… there are more calls')];
    lines.push(`${'  '.repeat(depth)}${callLine(frame, paint)}`);
    for (const inner of [...(frame.calls ?? [])].reverse()) open.push({ frame: inner, depth: depth + 1 });
  }
  return lines;
}

function callLine({ type, to, value, input, gasUsed, error, revertReason }: CallFrame, paint: Paint): string {
  const paid = value === undefined || BigInt(value) === 0n ? '' : ` ${inUnits(BigInt(value), 18)} ETH`;
  const failed =
    error === undefined ? '' : paint('red', ` ${error}${revertReason === undefined ? '' : `: ${revertReason}`}`);
  const target = to === undefined ? '' : ` ${to}`;
  return `${paint('bold', type)}${target}${paid} ${paint('dim', shortened(input))} ${grouped(BigInt(gasUsed))} gas${failed}`;
}

function shortened(data: Hex): string {
  return data.length <= LONGEST_DATA ? data : `${data.slice(0, LONGEST_DATA)}… (${(data.length - 2) / 2} bytes)`;
}

/** Struct logs, a line for each step. */
export function stepLines({ structLogs }: TraceOf<{ tracer: 'structLog' }>, paint: Paint): string[] {
  return structLogs.map(({ pc, op, gas, gasCost, depth, error }) => {
    const failed = error === undefined ? '' : paint('red', ` ${error}`);
    return `${'  '.repeat(depth - 1)}${String(pc).padStart(5)} ${paint('bold', op.padEnd(14))} ${gas} ${gasCost}${failed}`;
  });
}

/** Anything that JSON can say, indented. */
export function outline(value: unknown, paint: Paint, depth = 0): string[] {
  const margin = '  '.repeat(depth);
  if (typeof value !== 'object' || value === null) return [`${margin}${String(value)}`];
  return Object.entries(value).flatMap(([name, item]) => {
    const key = paint('bold', Array.isArray(value) ? `[${name}]` : name);
    if (typeof item === 'object' && item !== null) return [`${margin}${key}`, ...outline(item, paint, depth + 1)];
    const text = String(item);
    return [`${margin}${key} ${/^0x/.test(text) ? shortened(text as Hex) : text}`];
  });
}
