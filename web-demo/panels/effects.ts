// What a transaction does, in words: what moves, who may move what, calls, logs, and why it fails.
import type { ApprovalChange, Asset, AssetChange, CallFrame } from 'pevm-wasm';
import { counted, make, shortened } from '../elements.ts';
import type { Effects } from '../run-types.ts';

const NATIVE_DECIMALS = 18;
/** Calls that lie deeper, or come later, are counted and not drawn. */
const MOST_CALLS = 500;
const MOST_LOGS = 100;
const DATA_SHOWN = 66;

export function effectsView(effects: Effects): Node[] {
  const { status, error, gasUsed, gasLimit, assetChanges, approvals, calls, logs, stateDiff, environment } = effects;
  const facts = [
    `${gasUsed.toLocaleString('en')} gas`,
    gasLimit === undefined ? 'no limit is enough' : `a limit of ${gasLimit.toLocaleString('en')} is enough`,
    `${counted(stateDiff.size, 'account')} changed`,
    environment.length > 0 ? `it asks for ${environment.join(', ')}` : '',
  ];
  return [
    make('p', `outcome ${status}`, make('b', '', status), error === undefined ? '' : `: ${error.message}`),
    make('p', 'hint', facts.filter((fact) => fact !== '').join('; ')),
    ...listed('What moves', assetChanges.map(assetLine)),
    ...listed('Who may move what', approvals.map(approvalLine)),
    ...(calls === undefined ? [] : [make('h4', '', 'Calls'), callTree(calls)]),
    ...listed(`Logs (${logs.length})`, logs.slice(0, MOST_LOGS).map(logLine)),
  ];
}

function listed(title: string, lines: readonly string[]): Node[] {
  if (lines.length === 0) return [];
  return [make('h4', '', title), make('ul', 'plain', ...lines.map((line) => make('li', '', line)))];
}

function assetLine({ account, asset, change, conflict }: AssetChange): string {
  const sign = change > 0n ? '+' : '';
  return `${shortened(account)}: ${sign}${amount(change, asset)}${conflict === undefined ? '' : ` (${conflict})`}`;
}

function approvalLine({ owner, spender, asset, before, after, unlimited }: ApprovalChange): string {
  const said = (value: bigint | boolean | undefined) => {
    if (value === undefined) return 'unknown';
    if (typeof value === 'boolean') return value ? 'all' : 'nothing';
    return amount(value, asset);
  };
  const now = unlimited ? 'all that there can ever be' : said(after);
  return `${shortened(spender)} may take ${now} of ${shortened(owner)} (before: ${said(before)})`;
}

function amount(value: bigint, asset: Asset): string {
  const name = asset.kind === 'native' ? 'ETH' : (asset.symbol ?? shortened(asset.address ?? ''));
  if (asset.kind === 'erc721') return `${value} × ${name} no. ${asset.tokenId}`;
  const decimals = asset.kind === 'native' ? NATIVE_DECIMALS : (asset.decimals ?? 0);
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const part = decimals === 0 ? '' : digits.slice(-decimals).replace(/0+$/, '');
  return `${value < 0n ? '−' : ''}${whole}${part === '' ? '' : `.${part}`} ${name}`;
}

function logLine({ address, topics, data }: Effects['logs'][number]): string {
  return `${shortened(address)}: ${topics.map(shortened).join(' ')} ${cut(data)}`;
}

function callTree(root: CallFrame): Node {
  let left = MOST_CALLS;
  const node = (frame: CallFrame): Node => {
    left--;
    const line = callLine(frame);
    if (!frame.calls?.length) return make('li', '', line);
    const under: Node[] = [];
    for (const call of frame.calls) {
      if (left <= 0) break;
      under.push(node(call));
    }
    const skipped = frame.calls.length - under.length;
    if (skipped > 0) under.push(make('li', 'hint', `and ${skipped} more`));
    const details = make('details', '', make('summary', '', line), make('ul', 'calls', ...under));
    details.open = true;
    return make('li', '', details);
  };
  return make('ul', 'calls', node(root));
}

function callLine({ type, to, input, value, gasUsed, error, revertReason }: CallFrame): string {
  const sent = value === undefined || BigInt(value) === 0n ? '' : `, ${amount(BigInt(value), { kind: 'native' })}`;
  const failed = error === undefined ? '' : `: ${revertReason ?? error}`;
  const selector = type.startsWith('CREATE') ? '' : ` ${input.slice(0, 10)}`;
  return `${type} ${shortened(to ?? '')}${selector}${sent}, ${Number(gasUsed).toLocaleString('en')} gas${failed}`;
}

function cut(data: string): string {
  return data.length <= DATA_SHOWN ? data : `${data.slice(0, DATA_SHOWN)}… (${(data.length - 2) / 2} bytes)`;
}
