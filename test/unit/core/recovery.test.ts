// Senders as background work: a worker without anything else to do recovers them, and others find them.
import { beforeAll, expect, test } from 'vitest';
import {
  CONTROL_BASE,
  Control,
  EvmSignature,
  EvmTransaction,
  Metric,
  Next,
  Outcome,
  TxFlag,
  Worker,
} from '../../../assembly/layout.ts';
import { buildCore } from '../../../scripts/core.mjs';
import { readEvmSender } from '../../../src/core/evm/evm-decode.ts';
import { evmBlockSize, writeEvmBlock } from '../../../src/core/evm/evm-encode.ts';
import { crewOf } from '../../support/core-run.ts';
import { encodeInputs } from '../../support/evm-input.ts';
import { plainBlock, signed, transfer } from '../../support/evm-signing.ts';
import { type AccessSite, watched } from '../../support/memory-accesses.ts';
import { RaceDetector } from '../../support/race-detector.ts';

const PAGES = 128;
const free = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
const signers = [1, 2, 3].map((byte) => signed({ ...transfer(), ...free }, new Uint8Array(32).fill(byte)));

let production: Uint8Array;
beforeAll(async () => {
  production = await buildCore('named');
});

/**
 * Two workers: the first holds a transaction of the host language; the others, which only the commit head may run, are
 * signed, and the second worker finds nothing to do but to recover.
 *
 * @param plain an atomic site that the detector takes for a plain one
 * @returns what was recovered by whom, and the sites that touched what the workers share of it
 */
function runSigned(plain?: number): {
  recoveries: number[];
  senders: unknown[];
  sites: Set<AccessSite>;
  races: string[];
} {
  const module = watched(production);
  for (const site of module.sites) if (site.id === plain) site.atomic = false;
  const detector = new RaceDetector(3);
  const words = new Set<number>();
  const sites = new Set<AccessSite>();
  const imports = (id: number) =>
    module.imports((site, address, size, writes) => {
      if (words.has(address)) sites.add(site);
      detector.access(id, site, address, size, writes);
    });
  const { memory, all } = crewOf(module.module, 3, imports, PAGES);
  const [host, first, second] = all.map(({ core }) => core) as [Core, Core, Core];
  const view = new DataView(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  host.initialize(PAGES * 65536, 8, 1024, 2, 16, 65536);
  if (!host.beginBlock(signers.length + 1)) throw new Error('the block does not fit');
  const environment = host.allocate(evmBlockSize(plainBlock)) >>> 0;
  writeEvmBlock(bytes, environment, { ...plainBlock, baseFeePerGas: 0n });
  const settings: [number, number][] = [
    [Control.EVM_BLOCK, environment],
    [Control.STATE_COMPLETE, 1],
    [Control.WINDOW, 16],
    [Control.INCARNATION_CAP, 8],
  ];
  for (const [field, value] of settings) view.setUint32(CONTROL_BASE + field, value, true);
  host.setTransaction(0, 0, 0, 0);
  const records = signers.map(({ transaction }, index) => {
    const encoded = encodeInputs([transaction]).records;
    const record = host.allocate(encoded.length) >>> 0;
    bytes.set(encoded, record);
    words.add(record + view.getUint32(record + EvmTransaction.SIGNATURE, true) + EvmSignature.SENDER);
    host.setTransaction(index + 1, TxFlag.NATIVE | TxFlag.EVM | TxFlag.HEAD_ONLY, record, encoded.length);
    return record;
  });
  detector.barrier();

  first.join(1);
  second.join(2);
  expect(first.next(false, Number.NaN)).toBe(0);
  expect(second.next(false, Number.NaN)).toBe(Next.IDLE);
  const recoveries = [1, 2].map((id) =>
    Number(view.getBigUint64(host.workerAt(id) + Worker.METRICS + Metric.RECOVERIES, true)),
  );
  const senders = records.map((record) => readEvmSender(bytes, record));
  first.finish(Outcome.SUCCESS, 0n, 0, 0);
  expect(first.next(false, Number.NaN)).toBe(Next.DONE);
  expect(Number(view.getBigUint64(host.workerAt(1) + Worker.METRICS + Metric.RECOVERIES, true))).toBe(0);
  return { recoveries, senders, sites, races: [...detector.races, ...detector.mixed] };
}

type Core = ReturnType<typeof crewOf>['all'][number]['core'];

test('an idle worker recovers the senders of what it may not run, once, and publishes them', {
  timeout: 120_000,
}, () => {
  const { recoveries, senders, races } = runSigned();
  expect(recoveries).toEqual([0, signers.length]);
  expect(senders).toEqual(signers.map(({ sender }) => sender));
  expect(races).toEqual([]);
});

test('the race detector finds each access to a published sender that is not atomic', { timeout: 120_000 }, () => {
  const { sites } = runSigned();
  expect([...sites].every(({ atomic }) => atomic)).toBe(true);
  expect(sites.size).toBeGreaterThan(2);
  for (const { id, function: name } of sites) expect(runSigned(id).races, name).not.toEqual([]);
});
