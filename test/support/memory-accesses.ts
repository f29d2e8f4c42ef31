// Every instruction of a WebAssembly module that touches memory, and a way to be told of each access as it happens.
import binaryen from 'binaryen';

/** An instruction that touches memory. */
export interface AccessSite {
  /** Index in the list of sites. */
  id: number;
  /** Name of the function, from the module's name section. */
  function: string;
  instruction: 'load' | 'splat' | 'store' | 'rmw' | 'cmpxchg' | 'wait' | 'notify' | 'copy' | 'fill';
  atomic: boolean;
  /** Constant offset of the instruction. */
  offset: number;
  /** The address, where it is constant. */
  address?: number;
}

type Getter = (expression: binaryen.ExpressionRef) => binaryen.ExpressionRef;
type Setter = (expression: binaryen.ExpressionRef, value: number) => void;
interface Pointed {
  getPtr: Getter;
  setPtr: Setter;
}
interface Ordered extends Pointed {
  setMemoryOrder: Setter;
}
interface Range {
  getDest: Getter;
  setDest: Setter;
  getSize: Getter;
  setSize: Setter;
}

/** Binaryen's classes of expressions, which its declarations leave out. */
const classes = binaryen as unknown as {
  Load: Ordered;
  Store: Ordered;
  SIMDLoad: Pointed;
  AtomicRMW: Pointed;
  AtomicCmpxchg: Pointed;
  AtomicWait: Pointed;
  AtomicNotify: Pointed;
  MemoryFill: Range;
  MemoryCopy: Range & { getSource: Getter; setSource: Setter };
};

interface Found {
  site: AccessSite;
  expression: binaryen.ExpressionRef;
  bytes: number;
}

/** The sites of a module, in the order of its functions. */
export function accessSites(bytes: Uint8Array): AccessSite[] {
  const module = parse(bytes);
  try {
    return find(module).map(({ site }) => site);
  } finally {
    module.dispose();
  }
}

/** Told of an access before it happens; a copy is two accesses. `writes`: also or only a write. */
export type Watcher = (site: AccessSite, address: number, bytes: number, writes: boolean) => void;

/** A module that reports its accesses, and what it must be instantiated with (beside its own imports). */
export interface WatchedModule {
  sites: AccessSite[];
  module: WebAssembly.Module;
  imports(watch: Watcher): { watch: Record<string, (...parameters: number[]) => number> };
}

/**
 * The same module with a call before each access. `plain` names an atomic load, store or read-modify-write that is made
 * a plain access instead: a fault for the checks to find.
 */
export function watched(bytes: Uint8Array, plain?: number): WatchedModule {
  const module = parse(bytes);
  try {
    const found = find(module);
    const { i32 } = binaryen;
    const three = binaryen.createType([i32, i32, i32]);
    const two = binaryen.createType([i32, i32]);
    module.addFunctionImport('watch.access', 'watch', 'access', three, i32);
    module.addFunctionImport('watch.from', 'watch', 'from', two, i32);
    module.addFunctionImport('watch.to', 'watch', 'to', two, i32);
    module.addFunctionImport('watch.size', 'watch', 'size', two, i32);
    const call = (name: string, operand: binaryen.ExpressionRef, ...constants: number[]) =>
      module.call(name, [operand, ...constants.map((value) => module.i32.const(value))], i32);

    for (const { site, expression, bytes } of found) {
      const { Load, Store, MemoryCopy, MemoryFill } = classes;
      if (site.instruction === 'copy') {
        MemoryCopy.setDest(expression, call('watch.to', MemoryCopy.getDest(expression), site.id));
        MemoryCopy.setSource(expression, call('watch.from', MemoryCopy.getSource(expression), site.id));
        MemoryCopy.setSize(expression, call('watch.size', MemoryCopy.getSize(expression), site.id));
      } else if (site.instruction === 'fill') {
        MemoryFill.setDest(expression, call('watch.to', MemoryFill.getDest(expression), site.id));
        MemoryFill.setSize(expression, call('watch.size', MemoryFill.getSize(expression), site.id));
      } else {
        const pointer = pointerOf(site.instruction);
        pointer.setPtr(expression, call('watch.access', pointer.getPtr(expression), site.id, bytes));
      }
      if (site.id !== plain) continue;
      site.atomic = false;
      if (site.instruction === 'load') Load.setMemoryOrder(expression, binaryen.MemoryOrder.unordered);
      else if (site.instruction === 'store') Store.setMemoryOrder(expression, binaryen.MemoryOrder.unordered);
      else throw new Error(`a ${site.instruction} has no plain form`);
    }
    if (!module.validate()) throw new Error('the watched module is not valid');
    const sites = found.map(({ site }) => site);
    return {
      sites,
      module: new WebAssembly.Module(module.emitBinary() as Uint8Array<ArrayBuffer>),
      imports: watcher(sites),
    };
  } finally {
    module.dispose();
  }
}

function parse(bytes: Uint8Array): binaryen.Module {
  const module = binaryen.readBinary(bytes);
  // What asc enables for the core; Binaryen cannot tell from the bytes.
  const { Features } = binaryen;
  module.setFeatures(
    Features.Atomics |
      Features.SIMD128 |
      Features.BulkMemory |
      Features.BulkMemoryOpt |
      Features.MutableGlobals |
      Features.NontrappingFPToInt |
      Features.SignExt,
  );
  return module;
}

const writing = new Set<AccessSite['instruction']>(['store', 'rmw', 'cmpxchg']);

/** A copy's or fill's operands are evaluated one after the other, perhaps with other copies inside: a stack pairs them. */
function watcher(sites: readonly AccessSite[]): WatchedModule['imports'] {
  return (watch) => {
    const ranges: { address: number; site: number; writes: boolean }[] = [];
    const begin = (address: number, site: number, writes: boolean) => {
      ranges.push({ address: address >>> 0, site, writes });
      return address;
    };
    return {
      watch: {
        access(address, id, bytes) {
          const site = sites[id]!;
          watch(site, (address >>> 0) + site.offset, bytes, writing.has(site.instruction));
          return address;
        },
        to: (address, site) => begin(address, site, true),
        from: (address, site) => begin(address, site, false),
        size(size, site) {
          while (ranges.at(-1)?.site === site) {
            const { address, writes } = ranges.pop()!;
            watch(sites[site]!, address, size >>> 0, writes);
          }
          return size;
        },
      },
    };
  };
}

function pointerOf(instruction: Exclude<AccessSite['instruction'], 'copy' | 'fill'>) {
  const { Load, Store, SIMDLoad, AtomicRMW, AtomicCmpxchg, AtomicWait, AtomicNotify } = classes;
  const table = {
    load: Load,
    splat: SIMDLoad,
    store: Store,
    rmw: AtomicRMW,
    cmpxchg: AtomicCmpxchg,
    wait: AtomicWait,
    notify: AtomicNotify,
  };
  return table[instruction];
}

function find(module: binaryen.Module): Found[] {
  const found: Found[] = [];
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const { name, body } = binaryen.getFunctionInfo(module.getFunctionByIndex(index));
    if (body !== 0) visit(body, name, found);
  }
  return found;
}

/** What an expression's info holds; only the fields of its kind are there. */
type Info = binaryen.ExpressionInfo & {
  [field in (typeof children)[number]]?: binaryen.ExpressionRef;
} & {
  children?: binaryen.ExpressionRef[];
  operands?: binaryen.ExpressionRef[];
  isAtomic?: boolean;
  bytes?: number;
  offset?: number;
  op?: number;
};

/** Fields that hold a child expression. */
const children = [
  'condition',
  'ifTrue',
  'ifFalse',
  'body',
  'value',
  'left',
  'right',
  'ptr',
  'expected',
  'replacement',
  'timeout',
  'notifyCount',
  'vec',
  'shift',
  'a',
  'b',
  'c',
  'dest',
  'source',
  'size',
  'delta',
  'target',
] as const;

function visit(expression: binaryen.ExpressionRef, name: string, found: Found[]): void {
  const id = binaryen.getExpressionId(expression);
  const known = kinds.get(id);
  if (known === undefined) throw new Error(`${name}: an instruction of kind ${id} is not known here`);
  if (known === leaf) return;
  const info = binaryen.getExpressionInfo(expression) as Info;
  for (const child of info.children ?? []) visit(child, name, found);
  for (const child of info.operands ?? []) visit(child, name, found);
  for (const field of children) {
    const child = info[field];
    if (typeof child === 'number' && child !== 0) visit(child, name, found);
  }
  if (known.memory === undefined) return;
  const atomic = known.atomic ?? info.isAtomic ?? false;
  const offset = info.offset ?? 0;
  const site: AccessSite = { id: found.length, function: name, instruction: known.memory, atomic, offset };
  const pointer = info.ptr ?? info.dest ?? 0;
  if (binaryen.getExpressionId(pointer) === binaryen.ConstId) {
    const { value } = binaryen.getExpressionInfo(pointer) as binaryen.ConstInfo;
    site.address = ((value as number) >>> 0) + offset;
  }
  if (known.memory === 'splat' && info.op !== binaryen.Load32SplatVec128)
    throw new Error(`${name}: a load of unknown width`);
  found.push({ site, expression, bytes: info.bytes ?? 4 });
}

interface Kind {
  memory?: AccessSite['instruction'];
  atomic?: boolean;
}

/** Nothing below it, no memory. */
const leaf: Kind = {};
/** Only its children matter. */
const inner: Kind = {};

/** The instructions that asc and Binaryen emit for the core. A new one must be looked at here, not passed over. */
const kinds = new Map<number, Kind>([
  [binaryen.LoadId, { memory: 'load' }],
  [binaryen.SIMDLoadId, { memory: 'splat', atomic: false }],
  [binaryen.StoreId, { memory: 'store' }],
  [binaryen.AtomicRMWId, { memory: 'rmw', atomic: true }],
  [binaryen.AtomicCmpxchgId, { memory: 'cmpxchg', atomic: true }],
  [binaryen.AtomicWaitId, { memory: 'wait', atomic: true }],
  [binaryen.AtomicNotifyId, { memory: 'notify', atomic: true }],
  [binaryen.MemoryCopyId, { memory: 'copy', atomic: false }],
  [binaryen.MemoryFillId, { memory: 'fill', atomic: false }],
  ...all(leaf, [
    binaryen.ConstId,
    binaryen.LocalGetId,
    binaryen.GlobalGetId,
    binaryen.NopId,
    binaryen.UnreachableId,
    binaryen.MemorySizeId,
  ]),
  ...all(inner, [
    binaryen.BlockId,
    binaryen.IfId,
    binaryen.LoopId,
    binaryen.BreakId,
    binaryen.SwitchId,
    binaryen.CallId,
    binaryen.LocalSetId,
    binaryen.GlobalSetId,
    binaryen.UnaryId,
    binaryen.BinaryId,
    binaryen.SelectId,
    binaryen.DropId,
    binaryen.ReturnId,
    binaryen.SIMDExtractId,
    binaryen.SIMDReplaceId,
    binaryen.SIMDShuffleId,
    binaryen.SIMDTernaryId,
    binaryen.SIMDShiftId,
  ]),
]);

function all(kind: Kind, ids: number[]): [number, Kind][] {
  return ids.map((id) => [id, kind]);
}

/** The bytes of a module without its custom sections (names): what is executed. */
export function executable(bytes: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  for (let at = 8; at < bytes.length; ) {
    const start = at;
    const custom = bytes[at++] === 0;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += size;
    if (!custom) kept.push(bytes.subarray(start, at));
  }
  return Buffer.concat(kept);
}
