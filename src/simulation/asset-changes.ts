// What everybody has more or less of after a transaction, and who may take what: what its events say, and what tokens answer
// before and after.

import { type Hex, ZERO_ADDRESS } from '../base/hex.ts';
import type { Effect } from './effects.ts';
import type { ApprovalChange, Asset, AssetChange } from './preview-types.ts';
import { type Approval, approvalsIn, movementsIn, nameOfSum, type Sum, sumsOf } from './token-events.ts';
import type { TokenNames } from './token-names.ts';
import { type Answer, isUnlimited, type TokenReader } from './token-reader.ts';

/** Tokens that are asked what they are called, and accounts and contracts that are looked at without an event. */
const MOST_TOKENS = 256;
const MOST_SUSPECTS = 64;

/** What is looked at; `undefined`: everybody. */
export interface Interest {
  readonly accounts: ReadonlySet<Hex> | undefined;
  /** Who sends the transaction. */
  readonly sender: Hex;
  readonly verifiesBalances: boolean;
}

/** What an account has in wei: before and after. */
export type NativeBalance = (account: Hex) => { readonly before: bigint; readonly after: bigint } | undefined;

/** Of one moment. */
export interface TokenAnswers {
  readonly approvals: readonly Answer[];
  /** By {@link nameOfSum}, where tokens are asked. */
  readonly balances: ReadonlyMap<string, bigint | undefined>;
}

interface Holding {
  readonly account: Hex;
  readonly asset: Asset;
}

/** A change, and whether its contract has yet to show that it is a token. */
type Found = AssetChange & { readonly isDoubtful: boolean };

export class AssetChanges {
  readonly #interest: Interest;
  readonly #sums: readonly Sum[];
  readonly #approvals: readonly Approval[];
  /** Who may hold something although no event says so: asked, they must have changed. */
  readonly #suspects: readonly Holding[];

  /** `written`: contracts whose storage has changed. */
  constructor(effects: readonly Effect[], written: readonly Hex[], interest: Interest) {
    const { accounts, sender, verifiesBalances } = interest;
    const isWanted = (account: Hex) => accounts === undefined || accounts.has(account);
    this.#interest = interest;
    this.#sums = sumsOf(movementsIn(effects)).filter(({ account }) => isWanted(account));
    this.#approvals = approvalsIn(effects).filter(({ owner }) => isWanted(owner));
    const known = new Set(this.#sums.map(({ account, token }) => `${account} ${token}`));
    this.#suspects = !verifiesBalances
      ? []
      : [...(accounts ?? [sender])].slice(0, MOST_SUSPECTS).flatMap((account) =>
          written
            .filter((token) => !known.has(`${account} ${token}`))
            .slice(0, MOST_SUSPECTS)
            .map((address) => ({ account, asset: { kind: 'erc20', address } })),
        );
  }

  /** Those that will be asked. */
  get tokens(): ReadonlySet<Hex> {
    const addresses = [...this.#sums, ...this.#approvals].flatMap(({ token }) => (token === undefined ? [] : [token]));
    return new Set(addresses);
  }

  /** Asks each token what it is called, once; what is asked for many times on one state is known by then. */
  async name(tokens: TokenReader, names: TokenNames): Promise<void> {
    const assets = [...this.#sums.map(assetOf), ...this.#approvals.map(assetOfApproval)];
    for (const { address, kind } of assets) {
      if (address === undefined) continue;
      const name = `${address} ${kind}`;
      if (names.size >= MOST_TOKENS || names.has(name)) continue;
      const described = await tokens.describe(address, kind);
      // One that is not there yet is asked again when it is.
      if (Object.keys(described).length > 0) names.set(name, described);
    }
  }

  /** What tokens say of the state as it is. */
  async ask(tokens: TokenReader): Promise<TokenAnswers> {
    const approvals: Answer[] = [];
    for (const approval of this.#approvals) approvals.push(await tokens.approval(approval));
    const balances = new Map<string, bigint | undefined>();
    if (!this.#interest.verifiesBalances) return { approvals, balances };
    const held = this.#sums.filter(({ kind }) => kind !== 'native').map((sum) => ({ ...sum, asset: assetOf(sum) }));
    for (const { account, asset } of [...held, ...this.#suspects]) {
      const name = nameOfSum(account, asset.kind, asset.address, asset.tokenId);
      balances.set(name, await tokens.balance(account, asset));
    }
    return { approvals, balances };
  }

  async result(
    before: TokenAnswers,
    after: TokenAnswers,
    native: NativeBalance,
    tokens: TokenReader,
    names: TokenNames,
  ): Promise<{ assetChanges: AssetChange[]; approvals: ApprovalChange[] }> {
    const changes = [...this.#changes(before, after, native), ...this.#unsaid(before, after)];
    const approvals = await this.#approvalChanges(before, after, tokens);
    const described = await describedAssets([...changes, ...approvals], tokens, names);
    const withNames = <Item extends { asset: Asset }>(item: Item): Item => ({ ...item, asset: described(item.asset) });
    return {
      // Wrapped native value, and what no event has told, must at least be a token.
      assetChanges: changes
        .map(withNames)
        .filter(({ isDoubtful, asset }) => !isDoubtful || asset.decimals !== undefined)
        .map(({ isDoubtful: _, ...change }) => change),
      approvals: approvals.map(withNames),
    };
  }

  async #approvalChanges(before: TokenAnswers, after: TokenAnswers, tokens: TokenReader): Promise<ApprovalChange[]> {
    const changes: ApprovalChange[] = [];
    for (const [at, approval] of this.#approvals.entries()) {
      for (const change of approvalChanges(approval, before.approvals[at]!, after.approvals[at]!)) {
        const isMulti = approval.kind === 'operator' && (await tokens.isErc1155(approval.token));
        changes.push(isMulti ? { ...change, asset: { ...change.asset, kind: 'erc1155' } } : change);
      }
    }
    return changes;
  }

  #changes(before: TokenAnswers, after: TokenAnswers, native: NativeBalance): Found[] {
    return this.#sums.flatMap((sum): Found[] => {
      const { account, kind, in: came, out: went, isWrapped = false } = sum;
      const said = came - went;
      const shared = { account, asset: assetOf(sum), in: came, out: went, change: said, isDoubtful: isWrapped };
      if (said !== 0n && kind === 'native') return [{ ...shared, ...native(account), basis: 'state' }];
      if (kind === 'native' || !this.#interest.verifiesBalances) {
        return said === 0n ? [] : [{ ...shared, basis: 'events' }];
      }
      const name = nameOfSum(account, kind, sum.token, sum.tokenId);
      const [had, has] = [before.balances.get(name), after.balances.get(name)];
      // One of ERC-721 that is minted or burnt has no owner before or after, and says so by failing.
      const isOne = kind === 'erc721' && (had ?? has) !== undefined;
      if ((had === undefined || has === undefined) && !isOne) {
        const conflict = 'the token does not say what the account has';
        return said === 0n ? [] : [{ ...shared, basis: 'events', conflict }];
      }
      const answered = { before: had ?? 0n, after: has ?? 0n, basis: 'balances' } as const;
      const change = answered.after - answered.before;
      if (change === said) return said === 0n ? [] : [{ ...shared, ...answered }];
      return [{ ...shared, ...answered, change, conflict: contradiction(signed(said), change) }];
    });
  }

  /** What changed although nothing was said. */
  #unsaid(before: TokenAnswers, after: TokenAnswers): Found[] {
    return this.#suspects.flatMap(({ account, asset }): Found[] => {
      const name = nameOfSum(account, asset.kind, asset.address, asset.tokenId);
      const [had, has] = [before.balances.get(name), after.balances.get(name)];
      if (had === undefined || has === undefined || had === has) return [];
      const change = has - had;
      const moved = { in: 0n, out: 0n, change, before: had, after: has };
      const conflict = contradiction('nothing', change);
      return [{ account, asset, ...moved, basis: 'balances', conflict, isDoubtful: true }];
    });
  }
}

function contradiction(said: string, change: bigint): string {
  return `its events say ${said}, its balances ${signed(change)}`;
}

function assetOf({ kind, token, tokenId }: Sum): Asset {
  return {
    kind,
    ...(token === undefined ? {} : { address: token }),
    ...(tokenId === undefined ? {} : { tokenId }),
  };
}

function signed(amount: bigint): string {
  return amount > 0n ? `+${amount}` : String(amount);
}

/** Tells an asset with what its token is called; each token is asked once. */
async function describedAssets(
  items: readonly { readonly asset: Asset }[],
  tokens: TokenReader,
  names: TokenNames,
): Promise<(asset: Asset) => Asset> {
  const described: TokenNames = new Map();
  for (const { asset } of items) {
    const { address, kind } = asset;
    if (address === undefined || described.size >= MOST_TOKENS) continue;
    const name = `${address} ${kind}`;
    if (!described.has(name)) described.set(name, names.get(name) ?? (await tokens.describe(address, kind)));
  }
  return (asset) => ({ ...asset, ...described.get(`${asset.address} ${asset.kind}`) });
}

function assetOfApproval({ kind, token, tokenId }: Approval): Asset {
  const isToken = kind === 'operator' || kind === 'token';
  return {
    kind: isToken ? 'erc721' : 'erc20',
    address: token,
    ...(tokenId === undefined ? {} : { tokenId }),
  };
}

function approvalChanges(approval: Approval, before: Answer, after: Answer): ApprovalChange[] {
  const { kind, owner, spender, via, isUse = false } = approval;
  // Whoever uses up an allowance has not been given one.
  if (isUse && before.value === after.value) return [];
  const asset = assetOfApproval(approval);
  const shared = { owner, asset, kind, ...(via === undefined ? {} : { via }) };
  if (kind !== 'token') {
    const [had, has] = [before.value, after.value] as (bigint | boolean | undefined)[];
    const expiration = after.expiration === undefined ? {} : { expiration: after.expiration };
    return [{ ...shared, spender, before: had, after: has, unlimited: isUnlimited(has, via), ...expiration }];
  }
  // Of one token one account is approved: giving it to another takes it from the first.
  if (before.value === undefined && after.value === undefined) {
    return spender === ZERO_ADDRESS
      ? []
      : [{ ...shared, spender, before: undefined, after: undefined, unlimited: false }];
  }
  const [had = ZERO_ADDRESS, has = ZERO_ADDRESS] = [before.value, after.value] as (Hex | undefined)[];
  const of = (account: Hex) => ({ ...shared, spender: account, before: had === account, after: has === account });
  const accounts = [...new Set([had, has])].filter((account) => account !== ZERO_ADDRESS);
  return accounts.map((account) => ({ ...of(account), unlimited: false }));
}
