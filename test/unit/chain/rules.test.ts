// The rows of forks against what ethereumjs knows of them, which nobody here wrote.
import { type Common, createCustomCommon, Mainnet } from '@ethereumjs/common';
import { getActivePrecompiles, getOpcodesForHF, paramsEVM } from '@ethereumjs/evm';
import { paramsTx } from '@ethereumjs/tx';
import { paramsVM } from '@ethereumjs/vm';
import { expect, test } from 'vitest';
import { HARDFORKS, type Hardfork } from '../../../src/chain/hardfork.ts';
import { OPCODES, opcodeNamed } from '../../../src/chain/opcodes.ts';
import { NUMBERS, type Rules, rulesOf, SWITCHES } from '../../../src/chain/rules.ts';

function commonAt(hardfork: Hardfork): Common {
  const common = createCustomCommon({}, Mainnet, { hardfork });
  for (const params of [paramsEVM, paramsTx, paramsVM]) common.updateParams(params);
  return common;
}

/** Other names of the library for the same. */
const OTHER_NAMES: Readonly<Record<string, string>> = { SHA3: 'KECCAK256', DIFFICULTY: 'PREVRANDAO' };

test.each(HARDFORKS)('opcodes of %s cost what the library says, and no other is there', (hardfork) => {
  const common = commonAt(hardfork);
  const theirs = Object.fromEntries(
    [...getOpcodesForHF(common).opcodes.entries()]
      .map(([number, { fullName, fee }]) => [OTHER_NAMES[fullName] ?? fullName, { number, fee }] as const)
      .filter(([name]) => name !== 'INVALID')
      .map(([name, { number, fee }]) => [name, [number, fee]]),
  );
  const { prices } = rulesOf(hardfork);
  const ours = Object.fromEntries(
    Object.entries(prices).map(([name, price]) => [name, [opcodeNamed(name).number, basePrice(name, price, common)]]),
  );
  expect(ours).toEqual(theirs);
});

/** The library adds some of the price while it runs: what is cold or warm, and the topics of logs. */
function basePrice(name: string, price: number, common: Common): number {
  if (common.isActivatedEIP(2929) && /^(SLOAD|BALANCE|EXTCODE|.*CALL)/.test(name) && !name.startsWith('CALLER')) {
    return name.startsWith('CALL') && price !== 100 ? price : 0;
  }
  return /^LOG/.test(name) ? 375 : price;
}

/** What the library knows of a number: `undefined` where it has no parameter for it, as before the number's own fork. */
type Theirs = (common: Common) => number | undefined;

/** A parameter; before the EIP that it came with, what stands for its absence. */
function param(name: string, eip?: number, before?: number): Theirs {
  return (common) => (eip === undefined || common.isActivatedEIP(eip) ? Number(common.param(name)) : before);
}

function between(name: string, subtracted: string, eip: number, before?: number): Theirs {
  return (common) => {
    const [from, less] = [param(name, eip)(common), param(subtracted, eip)(common)];
    return from === undefined || less === undefined ? before : from - less;
  };
}

/** Parameters of SSTORE have other names in each of its three ways. */
function storage(plain: string | undefined, eip1283: string, eip2200: string): Theirs {
  return (common) => {
    if (common.gteHardfork('istanbul')) return Number(common.param(eip2200));
    if (common.hardfork() === 'constantinople') return Number(common.param(eip1283));
    return plain === undefined ? undefined : Number(common.param(plain));
  };
}

const from =
  (hardfork: Hardfork, theirs: Theirs, before?: number): Theirs =>
  (common) =>
    common.gteHardfork(hardfork) ? theirs(common) : before;
/** A number that the library has in its code. */
const literal = (value: number, eip: number, before: Theirs): Theirs => {
  return (common) => (common.isActivatedEIP(eip) ? value : before(common));
};
/** Another parameter since an EIP. */
const since = (eip: number, theirs: Theirs, before: Theirs): Theirs => {
  return (common) => (common.isActivatedEIP(eip) ? theirs(common) : before(common));
};
const sum =
  (...names: string[]): Theirs =>
  (common) =>
    names.reduce((total, name) => total + Number(common.param(name)), 0);
const always =
  (value: number): Theirs =>
  () =>
    value;
const blobs: Theirs = (common) => Number(common.getBlobGasSchedule().maxBlobGasPerBlock) / 131072;
/** Of the first range: the highest, since there are no gaps. */
const precompiles: Theirs = (common) =>
  [...getActivePrecompiles(common).keys()].filter((address) => BigInt(`0x${address}`) < 0x100n).length;

/** Changing a slot: the library counts the access apart. */
const WRITE = sum('storageWriteGas', 'warmstoragereadGas');

const THEIRS: { readonly [Name in keyof typeof NUMBERS]: Theirs } = {
  accountAccessGas: between('coldaccountaccessGas', 'warmstoragereadGas', 2929, 0),
  coldAccountGas: param('coldaccountaccessGas', 2929, 0),
  warmAccessGas: param('warmstoragereadGas', 2929, 0),
  slotAccessGas: between('coldsloadGas', 'warmstoragereadGas', 2929, 0),
  coldSlotGas: since(8038, between('coldsloadGas', 'warmstoragereadGas', 8038), param('coldsloadGas', 2929, 0)),
  storageSetGas: since(8038, WRITE, storage('sstoreSetGas', 'netSstoreInitGas', 'sstoreInitEIP2200Gas')),
  storageUpdateGas: since(8038, WRITE, storage('sstoreResetGas', 'netSstoreCleanGas', 'sstoreCleanEIP2200Gas')),
  storageReadGas: storage(undefined, 'netSstoreNoopGas', 'sstoreNoopEIP2200Gas'),
  storageSentryGas: from('istanbul', param('sstoreSentryEIP2200Gas'), 0),
  clearRefund: since(
    8038,
    param('refundStorageClearGas'),
    storage('sstoreRefundGas', 'netSstoreClearRefundGas', 'sstoreClearRefundEIP2200Gas'),
  ),
  selfDestructRefund: param('selfdestructRefundGas'),
  selfDestructNewAccountGas: since(
    8038,
    param('accountWriteGas'),
    from('tangerineWhistle', param('callNewAccountGas'), 0),
  ),
  memoryWordGas: param('memoryGas'),
  memorySquareShift: (common) => Math.log2(Number(common.param('quadCoefficientDivGas'))),
  expByteGas: param('expByteGas'),
  copyWordGas: param('copyGas'),
  hashWordGas: param('keccak256WordGas'),
  logByteGas: param('logDataGas'),
  callValueGas: param('callValueTransferGas'),
  callStipend: param('callStipendGas'),
  newAccountGas: param('callNewAccountGas'),
  codeDepositGas: param('createDataGas'),
  codeDepositWordGas: param('codeDepositHashWordGas', 8037, 0),
  initCodeWordGas: param('initCodeWordGas', 3860, 0),
  transactionGas: param('txGas'),
  recipientGas: param('txRecipientAccessGas', 2780, 0),
  valueGas: param('txValueCost', 2780, 0),
  creationGas: from('homestead', param('txCreationGas'), 0),
  zeroByteGas: param('txDataZeroGas'),
  dataByteGas: param('txDataNonZeroGas'),
  // A byte that is not zero is four tokens; since EIP-7976 every one is.
  floorZeroByteGas: (common) =>
    (common.isActivatedEIP(7976) ? 4 : 1) * (param('totalCostFloorPerToken', 7623, 0)(common) ?? 0),
  floorDataByteGas: (common) => 4 * (param('totalCostFloorPerToken', 7623, 0)(common) ?? 0),
  accessAddressGas: param('accessListAddressGas', 2930),
  accessSlotGas: param('accessListStorageKeyGas', 2930),
  accessByteGas: (common) => (common.isActivatedEIP(7981) ? 4 * Number(common.param('totalCostFloorPerToken')) : 0),
  authorizationGas: since(8037, param('perAuthBaseGas'), param('perEmptyAccountCost', 7702)),
  authorizationRefund: since(8037, always(0), between('perEmptyAccountCost', 'perAuthBaseGas', 7702)),
  authorizationWriteGas: param('accountWriteGas', 8038, 0),
  blobGas: param('blobGasPerBlob', 4844),
  maxBlobsOfTransaction: (common) =>
    param('maxBlobsPerTx', 7594)(common) ?? (common.isActivatedEIP(4844) ? blobs(common) : 0),
  refundQuotient: param('maxRefundQuotient'),
  transactionGasCap: param('maxTransactionGasLimit', 7825, Number.POSITIVE_INFINITY),
  // Known to the library as far as it is the largest number of 32 bits.
  transactionGasLimit: literal(2 ** 32 - 1, 8037, always(Number.POSITIVE_INFINITY)),
  stateByteGas: param('costPerStateByte', 8037, 0),
  accountStateBytes: param('stateBytesPerNewAccount', 8037, 0),
  slotStateBytes: param('stateBytesPerStorageSet', 8037, 0),
  delegationStateBytes: param('stateBytesPerAuthBase', 8037, 0),
  systemStateBytes: (common) =>
    common.isActivatedEIP(8037)
      ? Number(common.param('systemMaxSstoresPerCall') * common.param('stateBytesPerStorageSet'))
      : 0,
  maxCodeSize: from('spuriousDragon', param('maxCodeSize'), Number.POSITIVE_INFINITY),
  maxInitCodeSize: param('maxInitCodeSize', 3860, Number.POSITIVE_INFINITY),
  lastTransactionType: literal(4, 7702, literal(3, 4844, literal(2, 1559, literal(1, 2930, always(0))))),
  lastPrecompile: precompiles,
  ecrecoverGas: param('ecRecoverGas'),
  sha256Gas: param('sha256Gas'),
  sha256WordGas: param('sha256WordGas'),
  ripemd160Gas: param('ripemd160Gas'),
  ripemd160WordGas: param('ripemd160WordGas'),
  identityGas: param('identityGas'),
  identityWordGas: param('identityWordGas'),
  modexpMinimumGas: from('byzantium', literal(500, 7883, literal(200, 2565, always(0)))),
  modexpDivisor: from('byzantium', literal(1, 7883, param('modexpGquaddivisorGas'))),
  modexpExponentByteFactor: from('byzantium', literal(16, 7883, always(8))),
  modexpMaximumLength: from('byzantium', literal(1024, 7823, always(Number.POSITIVE_INFINITY))),
  bn254AddGas: from('byzantium', param('bn254AddGas')),
  bn254MulGas: from('byzantium', param('bn254MulGas')),
  bn254PairingGas: from('byzantium', param('bn254PairingGas')),
  bn254PairGas: from('byzantium', param('bn254PairingWordGas')),
  blake2RoundGas: from('istanbul', param('blake2RoundGas')),
  pointEvaluationGas: param('kzgPointEvaluationPrecompileGas', 4844),
  blsG1AddGas: param('bls12381G1AddGas', 2537),
  blsG1MulGas: param('bls12381G1MulGas', 2537),
  blsG2AddGas: param('bls12381G2AddGas', 2537),
  blsG2MulGas: param('bls12381G2MulGas', 2537),
  blsPairingGas: param('bls12381PairingBaseGas', 2537),
  blsPairGas: param('bls12381PairingPerPairGas', 2537),
  blsMapG1Gas: param('bls12381MapG1Gas', 2537),
  blsMapG2Gas: param('bls12381MapG2Gas', 2537),
  p256VerifyGas: literal(6900, 7951, () => undefined),
};

test.each(HARDFORKS)('numbers of %s are those of the library', (hardfork) => {
  const common = commonAt(hardfork);
  const rules = rulesOf(hardfork);
  const names = Object.keys(THEIRS) as (keyof typeof NUMBERS)[];
  const known = names.filter((name) => THEIRS[name](common) !== undefined);
  expect(Object.fromEntries(known.map((name) => [name, rules[name]]))).toEqual(
    Object.fromEntries(known.map((name) => [name, THEIRS[name](common)])),
  );
});

test('every number is compared with the library in the newest fork', () => {
  const common = commonAt(HARDFORKS.at(-1)!);
  expect(Object.entries(THEIRS).filter(([, theirs]) => theirs(common) === undefined)).toEqual([]);
  expect(Object.keys(THEIRS).sort()).toEqual(Object.keys(NUMBERS).sort());
});

test.each(HARDFORKS)('blobs and rewards of %s are those of the library', (hardfork) => {
  const common = commonAt(hardfork);
  const { maxBlobs, blobUpdateFraction, blockReward, hasProofOfStake } = rulesOf(hardfork);
  const hasBlobs = common.isActivatedEIP(4844);
  expect({ maxBlobs, blobUpdateFraction, blockReward }).toEqual({
    maxBlobs: hasBlobs ? blobs(common) : 0,
    blobUpdateFraction: hasBlobs ? common.getBlobGasSchedule().blobGasPriceUpdateFraction : 0n,
    blockReward: hasProofOfStake ? 0n : common.param('minerReward'),
  });
});

test.each(HARDFORKS)('switches of %s follow the EIPs that the library has active', (hardfork) => {
  const common = commonAt(hardfork);
  const rules = rulesOf(hardfork);
  const has = (eip: number) => common.isActivatedEIP(eip);
  const switches = Object.keys(SWITCHES) as (keyof typeof SWITCHES)[];
  const ours = Object.fromEntries(switches.map((name) => [name, rules[name]]));
  expect({
    ...ours,
    hasReceiptStatus: rules.hasReceiptStatus,
    hasReplayProtection: rules.hasReplayProtection,
    hasProofOfStake: rules.hasProofOfStake,
    hasWithdrawals: rules.hasWithdrawals,
    hasBeaconRoot: rules.hasBeaconRoot,
    hasBlockHashContract: rules.hasBlockHashContract,
    hasRequests: rules.hasRequests,
    hasBuilderRequests: rules.hasBuilderRequests,
    hasSlotNumber: rules.hasSlotNumber,
    hasBlockAccessList: rules.hasBlockAccessList,
  }).toEqual({
    hasReceiptStatus: common.gteHardfork('byzantium'),
    hasReplayProtection: common.gteHardfork('spuriousDragon'),
    depositMustBePaid: common.gteHardfork('homestead'),
    refusesHighS: common.gteHardfork('homestead'),
    keepsGas: common.gteHardfork('tangerineWhistle'),
    clearsEmpty: common.gteHardfork('spuriousDragon'),
    netStorageMetering: hardfork === 'constantinople' || common.gteHardfork('istanbul'),
    hasWarmth: has(2929),
    hasBaseFee: has(1559),
    reservesEf: has(3541),
    coinbaseIsWarm: has(3651),
    destroysOnlyNew: has(6780),
    hasDelegation: has(7702),
    hasP256: has(7951),
    modexpCountsWords: has(2565),
    modexpDoubles: has(7883),
    hasProofOfStake: has(3675),
    hasWithdrawals: has(4895),
    hasBeaconRoot: has(4788),
    hasBlockHashContract: has(2935),
    hasRequests: has(7685),
    hasBuilderRequests: has(8282),
    hasSlotNumber: has(7843),
    hasBlockAccessList: has(7928),
    logsTransfers: has(7708),
    destructionKeepsFunds: has(8246),
    // Amsterdam leaves EIP-7610 out, which the library follows in all forks.
    ignoresStrayStorage: common.gteHardfork('amsterdam'),
  });
});

test('rules cannot be changed, are one object for each fork, and have all numbers and switches', () => {
  for (const hardfork of HARDFORKS) {
    const rules = rulesOf(hardfork);
    expect(rulesOf(hardfork)).toBe(rules);
    expect(Object.isFrozen(rules) && Object.isFrozen(rules.prices)).toBe(true);
    for (const name of Object.keys(NUMBERS)) expect(typeof rules[name as keyof Rules]).toBe('number');
    for (const name of Object.keys(SWITCHES)) expect(typeof rules[name as keyof Rules]).toBe('boolean');
  }
});

test('no two opcodes have a number or a name in common', () => {
  expect(new Set(OPCODES.map(({ number }) => number)).size).toBe(OPCODES.length);
  expect(new Set(OPCODES.map(({ name }) => name)).size).toBe(OPCODES.length);
  expect(() => opcodeNamed('NOP')).toThrow(new RangeError('no opcode is called NOP'));
});
