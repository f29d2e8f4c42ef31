// JSON-RPC 2.0: requests, and the strict reading of what a node sends back for them.

/** Stands among the parameters where the pinned block goes; each endpoint is told of it in its own way. */
export const PINNED: unique symbol = Symbol('pinned block');

/** A question to a node, and how its answer is read. */
export interface RpcRequest<T = unknown> {
  readonly method: string;
  /** JSON values, and {@link PINNED}. */
  readonly params: readonly unknown[];
  /** @throws InputError for what is no answer to this */
  readonly read: (result: unknown) => T;
  /** Whether there is another way to know: what fails is then not tried again. */
  readonly optional?: boolean;
}

export interface RpcFault {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** What a node said to one request. */
export type Reply = { readonly result: unknown } | { readonly fault: RpcFault };

/**
 * Why a message brought no replies at all. `limit`: later; `size`: less at once; `lost`: nothing or not all of it came;
 * `wrong`: something else than JSON-RPC came; `refused`: this endpoint will not answer.
 */
export type FailureKind = 'limit' | 'size' | 'lost' | 'wrong' | 'refused';

export class MessageFailure extends Error {
  readonly kind: FailureKind;
  readonly code: number | undefined;
  /** What came, if anything did. */
  readonly answer: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: FailureKind,
    problem: string,
    more: { code?: number; answer?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(problem, { cause: more.cause });
    this.kind = kind;
    this.code = more.code;
    this.answer = more.answer === undefined ? undefined : excerpt(more.answer);
    this.retryAfterMs = more.retryAfterMs;
  }
}

const EXCERPT = 300;

/** The beginning of what a node said. */
export function excerpt(text: string): string {
  return text.length <= EXCERPT ? text : `${text.slice(0, EXCERPT)}… (${text.length} characters)`;
}

/** What was said, for an error: as JSON, cut. */
export function excerptOf(value: unknown): string {
  try {
    return excerpt(JSON.stringify(value) ?? String(value));
  } catch {
    return excerpt(String(value));
  }
}

/**
 * The replies to the requests with the ids from `first` on, in the order of the requests, whatever order they came in.
 * @throws MessageFailure for anything but one reply to each
 */
export function readReplies(value: unknown, first: number, count: number, batched: boolean): Reply[] {
  const failed = (problem: string): MessageFailure =>
    new MessageFailure('wrong', problem, { answer: excerptOf(value) });
  if (!batched) {
    if (!isObject(value)) throw failed('no JSON-RPC answer');
    // Who cannot read a request cannot know its id.
    if (value.id !== first && !(value.id === null && isFault(value.error))) {
      throw failed(`an answer with the id ${JSON.stringify(value.id)} to the request ${first}`);
    }
    return [readReply(value, failed)];
  }
  const items = Array.isArray(value) ? value : [value];
  const [only] = items;
  // Refused as a whole: by one object, or by a list of one that has no id.
  if (items.length === 1 && isObject(only) && isFault(only.error) && (!Array.isArray(value) || only.id === null)) {
    throw wholeFailure(only.error, excerptOf(value));
  }
  if (!Array.isArray(value)) throw failed('a batch was not answered by a list');
  const replies: Reply[] = new Array(count);
  let answered = 0;
  for (const item of items) {
    if (!isObject(item)) throw failed('no JSON-RPC answer among those to a batch');
    const at = typeof item.id === 'number' ? item.id - first : Number.NaN;
    if (!(Number.isInteger(at) && at >= 0 && at < count)) {
      throw failed(`an answer with the id ${JSON.stringify(item.id)}, which no request has`);
    }
    if (replies[at] !== undefined) throw failed(`two answers to the request ${String(item.id)}`);
    replies[at] = readReply(item, failed);
    answered++;
  }
  if (answered < count) throw failed(`${answered} answers to ${count} requests`);
  return replies;
}

function readReply(item: Record<string, unknown>, failed: (problem: string) => MessageFailure): Reply {
  if (item.error !== undefined && item.error !== null) {
    if (!isFault(item.error)) throw failed('an error without a code or a message');
    return { fault: item.error };
  }
  if (item.result === undefined) throw failed('neither a result nor an error');
  return { result: item.result };
}

/** A fault that stands for all requests of a message. */
function wholeFailure(fault: RpcFault, answer: string): MessageFailure {
  const kind = isLimit(fault) ? 'limit' : isRefusal(fault) ? 'refused' : 'size';
  return new MessageFailure(kind, fault.message, { code: fault.code, answer });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFault(value: unknown): value is RpcFault {
  return isObject(value) && typeof value.code === 'number' && typeof value.message === 'string';
}

const LIMIT_CODES: readonly number[] = [429, -32005, -32007, -32029];
/** Codes that say nothing by themselves. */
const VAGUE_CODES: readonly number[] = [-32000, -32001, -32016, -32090, -32097, -32603];
const LIMIT_WORDS =
  /rate.?limit|too many requests|request limit|requests? per|capacity|quota|compute units|throughput|slow down/i;

/** Whether the node wants to be asked later. */
export function isLimit({ code, message }: RpcFault): boolean {
  return LIMIT_CODES.includes(code) || (VAGUE_CODES.includes(code) && LIMIT_WORDS.test(message));
}

/** Whether the endpoint turns this user down, whatever is asked. */
function isRefusal({ code, message }: RpcFault): boolean {
  return code === 401 || /unauthori[sz]ed|invalid (api|project)|api.?key|must be authenticated/i.test(message);
}

/** Whether the answer to a batch would be, or was, too large. */
export function isTooLarge({ code, message }: RpcFault): boolean {
  return (
    code === 413 ||
    /batch.{0,40}(too (large|many)|limit|exceed|maximum|not (supported|allowed))|response (is )?too (large|big)|response size/i.test(
      message,
    )
  );
}

/** Whether the node does not know the block, or not as a part of the chain. */
export function isUnknownBlock({ code, message }: RpcFault): boolean {
  return (
    code !== -32602 &&
    /header (for hash |for block )?.{0,80}not found|unknown (block|header)|block.{0,80}not found|could ?n[o']t find block|not (currently )?canonical/i.test(
      message,
    )
  );
}

/** Whether the node no longer has, or never had, state as old as the block. */
export function isPruned({ message }: RpcFault): boolean {
  return /missing trie node|state.{0,60}(not available|unavailable|not found|pruned|does not exist)|pruned|(no|historical|old) state|archive|proof window|world state|data not available|too old/i.test(
    message,
  );
}

/** Whether the node does not offer the method. */
export function isUnsupported({ code, message }: RpcFault): boolean {
  return (
    code === -32601 ||
    code === -32004 ||
    code === 4200 ||
    /method.{0,80}(not (found|available|supported|allowed|exist|implemented|whitelisted)|unsupported|does not exist|disabled)/i.test(
      message,
    )
  );
}

/** Whether the node could not read the parameters. */
export function isBadParameter({ code, message }: RpcFault): boolean {
  return (
    code === -32602 ||
    (code !== -32601 &&
      /invalid (argument|params|type|block)|cannot unmarshal|failed to parse|deserializ/i.test(message))
  );
}
