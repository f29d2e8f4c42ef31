// Transactions one after the other as one preview: what they come to together, and each by itself.

import type { Hex } from '../base/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import type { AccessList } from '../call-types.ts';
import type { Prestate, PrestateAccount } from '../trace/prestate-tracer.ts';
import type { ApprovalChange, AssetChange, Delegation, PreviewData, PreviewReport } from './preview-types.ts';
import { nameOfSum } from './token-events.ts';
import { sortedList } from './touched.ts';

/** `stateDiff` and `report`: of all of them together. */
export function bundleOf(previews: readonly PreviewData[], stateDiff: StateDiff, report: PreviewReport): PreviewData {
  const failed = previews.find(({ status }) => status !== 'success');
  const limits = previews.map(({ gasLimit }) => gasLimit);
  const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n);
  return {
    status: failed?.status ?? 'success',
    gasUsed: sum(previews.map(({ gasUsed }) => gasUsed)),
    stateGas: sum(previews.map(({ stateGas }) => stateGas)),
    maxUsedGas: sum(previews.map(({ maxUsedGas }) => maxUsedGas)),
    ...(limits.every((limit) => limit !== undefined) ? { gasLimit: sum(limits) } : {}),
    fee: sum(previews.map(({ fee }) => fee)),
    returnData: previews.at(-1)!.returnData,
    ...(failed?.error === undefined ? {} : { error: failed.error }),
    logs: previews.flatMap(({ logs }) => logs),
    calls: undefined,
    assetChanges: assetChangesOf(previews),
    approvals: approvalsOf(previews),
    delegations: delegationsOf(previews),
    stateDiff,
    accessList: accessListOf(previews),
    environment: [...new Set(previews.flatMap(({ environment }) => environment))],
    dependsOn: dependenciesOf(previews),
    report,
    transactions: previews,
  };
}

/** What comes and goes again is no change. */
function assetChangesOf(previews: readonly PreviewData[]): AssetChange[] {
  const changes = new Map<string, AssetChange>();
  for (const change of previews.flatMap(({ assetChanges }) => assetChanges)) {
    const { account, asset } = change;
    const name = nameOfSum(account, asset.kind, asset.address, asset.tokenId);
    const known = changes.get(name);
    changes.set(name, known === undefined ? change : together(known, change));
  }
  return [...changes.values()].filter(({ change, conflict }) => change !== 0n || conflict !== undefined);
}

function together(first: AssetChange, second: AssetChange): AssetChange {
  const { before: _, after: __, ...shared } = { ...first, ...second };
  return {
    ...shared,
    in: first.in + second.in,
    out: first.out + second.out,
    change: first.change + second.change,
    ...(first.before === undefined || second.after === undefined ? {} : { before: first.before, after: second.after }),
  };
}

function approvalsOf(previews: readonly PreviewData[]): ApprovalChange[] {
  const approvals = new Map<string, ApprovalChange>();
  for (const approval of previews.flatMap((preview) => preview.approvals)) {
    const { owner, asset, spender, kind, via } = approval;
    const group = kind === 'permit' ? 'allowance' : kind;
    const name = `${nameOfSum(owner, asset.kind, asset.address, asset.tokenId)} ${spender} ${group} ${via}`;
    const known = approvals.get(name);
    approvals.set(name, known === undefined ? approval : { ...known, ...approval, before: known.before });
  }
  return [...approvals.values()];
}

function delegationsOf(previews: readonly PreviewData[]): Delegation[] {
  const delegations = new Map<Hex, Delegation>();
  for (const delegation of previews.flatMap((preview) => preview.delegations)) {
    const known = delegations.get(delegation.authority);
    delegations.set(delegation.authority, known === undefined ? delegation : { ...known, to: delegation.to });
  }
  return [...delegations.values()];
}

function accessListOf(previews: readonly PreviewData[]): AccessList {
  const slots = new Map<Hex, Set<Hex>>();
  for (const { address, storageKeys } of previews.flatMap(({ accessList }) => accessList)) {
    slots.set(address, new Set([...(slots.get(address) ?? []), ...storageKeys]));
  }
  return sortedList(slots);
}

/** What was met first is what was there before: later ones see what the bundle itself has done. */
function dependenciesOf(previews: readonly PreviewData[]): Prestate {
  const accounts: Record<Hex, PrestateAccount> = {};
  for (const { dependsOn } of previews) {
    for (const [address, account] of Object.entries(dependsOn) as [Hex, PrestateAccount][]) {
      const known = accounts[address];
      if (known === undefined) accounts[address] = account;
      else if (account.storage !== undefined) {
        accounts[address] = { ...known, storage: { ...account.storage, ...known.storage } };
      }
    }
  }
  return accounts;
}
